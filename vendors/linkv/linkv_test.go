package linkv_test

import (
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors/vendortest"
)

func TestConformance(t *testing.T) {
	for name, other := range map[string]bool{"DocumentedTypes": false, "OtherTypes": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return certify.LinkVMock(t, other) })
		})
	}
}
