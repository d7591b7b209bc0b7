package main

import (
	"os"
	"path/filepath"
)

// update rewrites what the scripts compare with.
var update = os.Getenv("UPDATE") != ""

// catalogPath is where the scripts, which run elsewhere, find the small catalogue,
// examplesPath where they find the examples.
var catalogPath, examplesPath = absolute("testdata/small.json"), absolute("../../examples")

func absolute(name string) string {
	path, err := filepath.Abs(filepath.FromSlash(name))
	if err != nil {
		panic(err) // the working directory is gone
	}
	return path
}
