package vendortest

import (
	"errors"
	"strings"

	"switchboard/vendors"
)

// placeholder stands in CodeCase.Body for a secret that the vendor repeats.
const placeholder = "SECRET"

func codes(t T, e *env) {
	for _, c := range e.Codes {
		body := c.Body
		if len(e.Secrets) > 0 {
			body = strings.ReplaceAll(body, placeholder, e.Secrets[0].Reveal())
		}
		for _, o := range e.opsFor(c) {
			what := o.name + ", vendor code " + c.Code
			err := e.fresh(t, o, always, answer(what, c.Status, "application/json; charset=utf-8", body))
			mustBe(t, what, err, c.Outcome, c.Is)
			var ve *vendors.Error
			if errors.As(err, &ve) && (ve.Code != c.Code || ve.Status != c.Status) {
				t.Errorf("%s: the error keeps code %q under status %d, want %q under %d", what, ve.Code, ve.Status, c.Code, c.Status)
			}
			e.mustHide(t, what, err)
		}
	}
}

// opsFor are the operations to try c with.
func (e *env) opsFor(c CodeCase) []op {
	if c.Op != "" {
		if o, ok := e.op(c.Op); ok {
			return []op{o}
		}
		e.t.Errorf("code %s is of %s, which the vendor does not have", c.Code, c.Op)
		return nil
	}
	var out []op
	for _, want := range []effect{reads, changes} {
		for _, o := range e.ops() {
			if o.effect == want {
				out = append(out, o)
				break
			}
		}
	}
	return out
}
