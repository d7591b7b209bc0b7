package main

import (
	"os"
	"testing"
)

// TestTables checks that the tables are those of the SDK that go.mod pins.
func TestTables(t *testing.T) {
	for _, service := range services {
		want, err := generate(service)
		if err != nil {
			t.Fatal(err)
		}
		got, err := os.ReadFile("../names/" + service + ".txt")
		if err != nil {
			t.Fatal(err)
		}
		if string(got) != want {
			t.Errorf("names/%s.txt is not what the SDK says now: go generate ./awssim/wire", service)
		}
	}
}
