package main

import (
	"os"
	"path/filepath"
)

// update rewrites what the scripts compare with.
var update = os.Getenv("UPDATE") != ""

// catalogPath is where the scripts, which run elsewhere, find the small catalogue.
var catalogPath = func() string {
	path, err := filepath.Abs(filepath.Join("testdata", "small.json"))
	if err != nil {
		panic(err) // the working directory is gone
	}
	return path
}()
