package main

import (
	"net"
	"net/http"
	"testing"

	"switchboard/app/vendorset"
)

// usualPort reports whether the port of a vendor's mock can be had.
func usualPort(v vendorset.Vendor) bool {
	l, err := net.Listen("tcp", v.Listen)
	if err != nil {
		return false
	}
	return l.Close() == nil
}

// TestTheSandboxHasTheMocksOnTheirUsualPortsWhereTheyAreFree: an address to keep
// in a bookmark. Another program of this machine may take a port at any time.
func TestTheSandboxHasTheMocksOnTheirUsualPortsWhereTheyAreFree(t *testing.T) {
	before := map[string]bool{}
	for _, v := range vendorset.Mocked() {
		before[v.Name] = usualPort(v)
	}
	box, err := openSandbox(&Config{Env: "development"}, "127.0.0.1:1")
	if err != nil {
		t.Fatal(err)
	}
	for _, v := range vendorset.Mocked() {
		if box.urls[v.Name] != "http://"+v.Listen && before[v.Name] && usualPort(v) {
			t.Errorf("%s is at %s, though %s is free", v.Name, box.urls[v.Name], v.Listen)
		}
	}
	beside, err := openSandbox(&Config{Env: "development"}, "127.0.0.1:1")
	if err != nil {
		t.Fatal("a second sandbox does not start: ", err)
	}
	for _, v := range vendorset.Mocked() {
		res, err := http.Get(beside.urls[v.Name] + "/_mock/health")
		if err != nil || beside.urls[v.Name] == box.urls[v.Name] {
			t.Fatal(v.Name, beside.urls, box.urls, err)
		}
		res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
	if err := beside.close(); err != nil {
		t.Error(err)
	}
	if err := box.close(); err != nil {
		t.Error(err)
	}
}

// Two people play in a sandbox: they meet again as often as they like, unless somebody
// configures otherwise.
func TestTheSandboxLetsTheSameTwoMeetAgain(t *testing.T) {
	for given, want := range map[string]string{"": "0", "5": "5"} {
		cfg := &Config{Env: "development"}
		cfg.Pairing.Keys = map[string]string{"fanout": "2"}
		if given != "" {
			cfg.Pairing.Keys["exclude_last"] = given
		}
		box, err := openSandbox(cfg, "127.0.0.1:1")
		if err != nil {
			t.Fatal(err)
		}
		if keys := cfg.Pairing.Keys; keys["exclude_last"] != want || keys["fanout"] != "2" {
			t.Errorf("given %q: %v", given, keys)
		}
		if err := box.close(); err != nil {
			t.Error(err)
		}
	}
}
