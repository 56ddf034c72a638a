package youme_test

import (
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors/vendortest"
)

func TestConformance(t *testing.T) {
	for name, plain := range map[string]bool{"WithEnvelope": false, "WithoutEnvelope": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return certify.YouMeMock(t, plain) })
		})
	}
}
