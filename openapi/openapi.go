// Package openapi holds the contracts: switchboard.yaml is what we promise, the
// others are what the vendors promise.
package openapi

import "embed"

//go:generate go run ./generate
//go:generate go generate ../handlers/console

// Files holds every contract by file name: "linkv.yaml".
//
//go:embed *.yaml
var Files embed.FS
