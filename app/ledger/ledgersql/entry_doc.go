package ledgersql

import (
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"switchboard/app/ledger"
	"switchboard/vendors"
)

// entryDoc is what no statement asks for of an entry; times in microseconds.
type entryDoc struct {
	ID      string    `json:"id"`
	Vendor  string    `json:"vendor,omitempty"`
	Outcome string    `json:"outcome"`
	Code    int       `json:"code,omitempty"`
	Text    string    `json:"text,omitempty"`
	Data    []byte    `json:"data,omitempty"`
	Told    int64     `json:"told,omitempty"` // when its caller was told, in seconds
	Payload []byte    `json:"payload,omitempty"`
	Digest  []byte    `json:"digest,omitempty"`
	Steps   []stepDoc `json:"steps,omitempty"`
	Checks  int       `json:"checks,omitempty"`
}

type stepDoc struct {
	At      int64  `json:"at"`
	Vendor  string `json:"vendor,omitempty"`
	Op      string `json:"op,omitempty"`
	Took    int64  `json:"took,omitempty"`
	Outcome string `json:"outcome"`
	Code    string `json:"code,omitempty"`
	Note    string `json:"note,omitempty"`
	Skipped bool   `json:"skipped,omitempty"`
	Trace   string `json:"trace,omitempty"`
}

// docOf is e as a document, with its steps in the memory of steps.
func docOf(e ledger.Entry, steps []stepDoc) entryDoc {
	d := entryDoc{
		ID: e.ID, Vendor: e.Vendor, Outcome: e.Result.Outcome.String(), Code: e.Result.Code, Text: e.Result.Text, Data: e.Result.Data,
		Payload: e.Payload, Digest: e.Digest, Steps: slices.Grow(steps[:0], len(e.Steps)), Checks: e.Checks,
	}
	if e.Result.Answered() {
		d.Told = e.Result.At.Unix()
	}
	for _, s := range e.Steps {
		d.Steps = append(d.Steps, stepDoc{s.At.UnixMicro(), s.Vendor, s.Op, s.Took.Microseconds(), s.Outcome.String(), s.Code, s.Note, s.Skipped, s.Trace})
	}
	return d
}

// fill sets in e what d holds.
func (d entryDoc) fill(e *ledger.Entry) {
	e.ID, e.Vendor, e.Payload, e.Digest, e.Checks = d.ID, d.Vendor, d.Payload, d.Digest, d.Checks
	e.Result = ledger.Result{Outcome: outcomeNamed(d.Outcome), Code: d.Code, Text: d.Text, Data: d.Data}
	if d.Told != 0 {
		e.Result.At = time.Unix(d.Told, 0).UTC()
	}
	for _, s := range d.Steps {
		e.Steps = append(e.Steps, vendors.Step{
			At: time.UnixMicro(s.At).UTC(), Vendor: s.Vendor, Op: s.Op, Took: time.Duration(s.Took) * time.Microsecond,
			Outcome: outcomeNamed(s.Outcome), Code: s.Code, Note: s.Note, Skipped: s.Skipped, Trace: s.Trace,
		})
	}
}

func ledgerDoc(e ledger.Entry) ([]byte, error) {
	doc, err := json.Marshal(docOf(e, nil))
	if err != nil {
		return nil, fmt.Errorf("ledgersql: %w", err)
	}
	return doc, nil
}

func readDoc(raw []byte, e *ledger.Entry) error {
	var d entryDoc
	if err := json.Unmarshal(raw, &d); err != nil {
		return err
	}
	d.fill(e)
	return nil
}

// outcomeNamed reads what Outcome.String wrote; a name of a later version is
// the most careful class.
func outcomeNamed(name string) vendors.Outcome {
	all := vendors.Outcomes()
	i := slices.IndexFunc(all, func(o vendors.Outcome) bool { return o.String() == name })
	if i < 0 {
		return vendors.Ambiguous
	}
	return all[i]
}
