package main

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
)

func TestThePageIsBuiltOfItsSources(t *testing.T) {
	files, err := build(".")
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range files {
		if have, _ := os.ReadFile(filepath.Join("..", "dist", name)); !bytes.Equal(have, want) {
			t.Errorf("dist/%s is not what its sources make: run go generate ./handlers/console", name)
		}
	}
	entries, err := os.ReadDir("../dist")
	if err != nil || len(entries) != len(files) {
		t.Errorf("%v; %d files, want %d", err, len(entries), len(files))
	}
}
