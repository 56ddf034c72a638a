package main

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/getkin/kin-openapi/openapi3"
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

// What clients cannot call is what vendors, probes and browsers call, and what is no JSON.
func TestEveryOperationOfAnAppIsInTheClients(t *testing.T) {
	doc, err := openapi3.NewLoader().LoadFromFile("../switchboard.yaml")
	if err != nil {
		t.Fatal(err)
	}
	made, left := map[string]bool{}, []string{}
	for _, o := range operationsOf(doc) {
		made[o.OperationID] = true
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			if !made[op.OperationID] && op.Tags[0] != "operation" && op.Tags[0] != "callbacks" {
				left = append(left, op.OperationID)
			}
		}
	}
	slices.Sort(left)
	if want := []string{"exportUser", "exportUserData", "file", "imUpload", "notify", "profile", "socket"}; !slices.Equal(left, want) || len(made) < 80 {
		t.Errorf("%d are made; left out are %v, want %v", len(made), left, want)
	}
}
