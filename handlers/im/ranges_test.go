package im

import (
	"testing"

	"switchboard/app/uploads"
)

func TestRangesOfFiles(t *testing.T) {
	all, none := &uploads.Part{From: -1}, &uploads.Part{From: -2}
	part := func(from, length int64) *uploads.Part { return &uploads.Part{From: from, Length: length} }
	for header, want := range map[string]*uploads.Part{
		"bytes=0-1": part(0, 2), "bytes=0-0": part(0, 1), "bytes=9-9": part(9, 1), "bytes=2-": part(2, 8), "bytes=0-": part(0, 10), "bytes=0-99": part(0, 10),
		"bytes=-3": part(7, 3), "bytes=-10": part(0, 10), "bytes=-99": part(0, 10), "BYTES=1-2": part(1, 2), "bytes= 1-2 ": part(1, 2), "bytes=007-8": part(7, 2),
		"bytes=0-99999999999999999999": part(0, 10), "bytes=-99999999999999999999": part(0, 10),
		"bytes=10-": none, "bytes=10-12": none, "bytes=-0": none, "bytes=99999999999999999999-": none,
		"": all, "bytes": all, "bytes=": all, "bytes=-": all, "bytes=a-b": all, "bytes=5-2": all, "bytes=0-1,3-4": all, "bytes=0-1,": all, "items=0-1": all,
		"bytes=0--1": all, "bytes=--1": all, "bytes=+1-2": all, "bytes=1 -2": all, "bytes=0x1-2": all, "bytes 0-1": all,
	} {
		got, satisfiable := parseRange(header, 10)
		switch {
		case want == all && (got != nil || !satisfiable),
			want == none && (got != nil || satisfiable),
			want != all && want != none && (got == nil || *got != *want || !satisfiable):
			t.Errorf("%q: %+v %v", header, got, satisfiable)
		}
	}
}

func FuzzParseRange(f *testing.F) {
	for _, header := range []string{"bytes=0-1", "bytes=-5", "bytes=5-", "bytes=9-99999999999999999999", "bytes=1-2,3-4", "x"} {
		f.Add(header, int64(10))
	}
	f.Fuzz(func(t *testing.T, header string, size int64) {
		if size < 1 {
			return
		}
		if p, ok := parseRange(header, size); p != nil && (!ok || p.From < 0 || p.Length < 1 || p.From > size-p.Length) {
			t.Errorf("%q of %d bytes: %+v %v", header, size, p, ok)
		}
	})
}
