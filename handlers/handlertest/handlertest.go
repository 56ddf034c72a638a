// Package handlertest asks handlers for answers, for their tests.
package handlertest

import (
	"fmt"
	"io"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"
)

// Request is one request; Header lines are "name: value".
type Request struct {
	Method, Path, Body string
	Header             []string
}

var seconds = regexp.MustCompile(`"time":\d+`)

// Do returns the status, the body and the headers of the answer. The product API's
// time is 0 in the body.
func Do(t testing.TB, web *fiber.App, r Request) (answer string, header map[string][]string) {
	t.Helper()
	if r.Method == "" {
		r.Method = fiber.MethodPost
	}
	in := httptest.NewRequest(r.Method, r.Path, strings.NewReader(r.Body))
	for _, line := range r.Header {
		name, value, _ := strings.Cut(line, ": ")
		in.Header.Set(name, value)
	}
	res, err := web.Test(in, -1)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return fmt.Sprintf("%d %s", res.StatusCode, seconds.ReplaceAll(body, []byte(`"time":0`))), res.Header
}
