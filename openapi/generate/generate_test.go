package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestTheClientsFitTheContract(t *testing.T) {
	const dir = ".."
	files, err := generate(dir)
	if err != nil {
		t.Fatal(err)
	}
	if len(files) != 4 {
		t.Errorf("%v were made", slices.Sorted(maps.Keys(files)))
	}
	for name, want := range files {
		if have, _ := os.ReadFile(filepath.Join(dir, name)); !bytes.Equal(have, want) {
			t.Errorf("openapi/%s is not what the contract says: run go generate ./openapi/...", name)
		}
	}
}

// What clients cannot call is left out on purpose, and said here.
func TestEveryOperationOfAnAppIsInTheClients(t *testing.T) {
	files, err := generate("..")
	if err != nil {
		t.Fatal(err)
	}
	contract, err := os.ReadFile("../switchboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	left := []string{}
	for line := range strings.Lines(string(contract)) {
		if id, found := strings.CutPrefix(strings.TrimSpace(line), "operationId: "); found && !bytes.Contains(files["typescript/generated.ts"], []byte("\n  "+id+": {\n")) {
			left = append(left, id)
		}
	}
	slices.Sort(left)
	want := []string{"callback", "callbackBelow", "contract", "docs", "file", "health", "imUpload", "metrics", "notify", "ready", "socket", "vendorEvent"}
	if !slices.Equal(left, want) {
		t.Errorf("left out are %v, want %v", left, want)
	}
}
