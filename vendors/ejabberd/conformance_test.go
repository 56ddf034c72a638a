package ejabberd_test

import (
	"net/http"
	"testing"

	"go.uber.org/goleak"

	"switchboard/app/certify"
	"switchboard/vendors/upstream"
	"switchboard/vendors/vendortest"
)

var noOptions = upstream.Options{}

func TestMain(m *testing.M) {
	goleak.VerifyTestMain(m, goleak.Cleanup(func(int) { http.DefaultClient.CloseIdleConnections() }))
}

func TestConformance(t *testing.T) {
	vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return certify.EjabberdMock(t) })
}

// Real clients receive what the adapter sends through a real server.
func TestConformanceOfTheServerItself(t *testing.T) {
	s := testServer(t)
	vendortest.Run(t, func(t *testing.T) vendortest.Fixture { return s.fixture(t) })
}
