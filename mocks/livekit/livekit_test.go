package livekit

import "testing"

func TestItStarts(t *testing.T) {
	m, err := Start(Config{CheckAnswers: true})
	if err != nil {
		t.Fatal(err)
	}
	m.Close()
}
