package openapi

// Switchboard returns our own contract as it is served.
func Switchboard() []byte {
	b, err := Files.ReadFile("switchboard.yaml")
	if err != nil {
		panic(err) // embedded: it is there or this does not build
	}
	return b
}
