package main

import (
	"fmt"
	"testing"
)

func TestHashedRouteKeepsAUserAtTheirVendor(t *testing.T) {
	p := start(t, func(c *Config) { c.Route.Tokens = "hash/rongcloud=1,linkv=1" })
	sdk := func(user string) string {
		var got struct{ SDK string }
		p.do(t, request{Path: "/api/v1/im/token", Header: p.as(t, user), Body: map[string]any{}}).decode(t, &got)
		return got.SDK
	}
	seen := map[string]int{}
	for i := range 24 {
		user := fmt.Sprint("user", i)
		first := sdk(user)
		if again := sdk(user); again != first {
			t.Errorf("%s moved from %s to %s", user, first, again)
		}
		seen[first]++
	}
	if seen["rongcloud"] == 0 || seen["linkv"] == 0 {
		t.Errorf("24 users: %v", seen)
	}
}
