package livekit_test

import (
	"testing"

	"switchboard/app/certify"
	"switchboard/vendors/vendortest"
)

func TestConformance(t *testing.T) {
	t.Parallel()
	vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return certify.LiveKitMock(t) })
}
