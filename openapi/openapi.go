// Package openapi holds the contracts, each as YAML that nobody changes: what we promise,
// and what the vendors promise.
package openapi

import _ "embed" // the files

//go:generate go run ./generate
//go:generate go generate ../handlers/console

// Switchboard is our own contract as it is served.
//
//go:embed switchboard.yaml
var Switchboard []byte

// What the vendors promise and the mocks keep: docs/vendors.
var (
	//go:embed linkv.yaml
	LinkV []byte
	//go:embed livekit.yaml
	LiveKit []byte
	//go:embed rongcloud.yaml
	RongCloud []byte
	//go:embed youme.yaml
	YouMe []byte
)
