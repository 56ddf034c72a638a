package rongcloud

import (
	"encoding/json"
	"strconv"
	"time"
)

// expansionPair is one key's value and when it was set.
type expansionPair struct {
	value string
	at    time.Time
}

const (
	maxPairsPerCall = 100
	maxPairs        = 300
)

// expand sets pairs of the message, all or none.
func (m *message) expand(pairs map[string]string, now time.Time) *failure {
	total := len(m.expansion)
	for k := range pairs {
		if _, ok := m.expansion[k]; !ok {
			total++
		}
	}
	if len(pairs) > maxPairsPerCall || total > maxPairs {
		return badParameter("extraKeyVal", "has too many pairs")
	}
	for k, v := range pairs {
		m.expansion[k] = expansionPair{v, now}
	}
	return nil
}

// expandable finds the message of an expansion call.
func (a *App) expandable(r request) (*message, *failure) {
	m := a.messages[r.text("msgUID")]
	switch {
	case m == nil:
		return nil, badParameter("msgUID", "is not a message")
	case !m.expandable:
		return nil, badParameter("msgUID", "was sent without expansion")
	case r.has("targetId") && r.text("targetId") != m.target:
		return nil, badParameter("targetId", "is not the message's")
	case r.has("groupId") && (m.kind != Ultra || r.text("groupId") != m.target):
		return nil, badParameter("groupId", "is not the message's")
	case r.has("busChannel") && r.text("busChannel") != m.busChannel:
		return nil, badParameter("busChannel", "is not the message's")
	}
	if m.expansion == nil {
		m.expansion = map[string]expansionPair{}
	}
	return m, nil
}

func (a *App) setExpansion(r request) (reply, *failure) {
	m, f := a.expandable(r)
	if f != nil {
		return nil, f
	}
	pairs, f := r.pairs("extraKeyVal")
	if f != nil {
		return nil, f
	}
	return reply{}, m.expand(pairs, r.Now)
}

func (a *App) deleteExpansion(r request) (reply, *failure) {
	m, f := a.expandable(r)
	if f != nil {
		return nil, f
	}
	var keys []string
	if json.Unmarshal([]byte(r.text("extraKey")), &keys) != nil || len(keys) == 0 || len(keys) > maxPairsPerCall {
		return nil, badParameter("extraKey", "is not a JSON array of 1 to "+strconv.Itoa(maxPairsPerCall)+" keys")
	}
	for _, k := range keys {
		delete(m.expansion, k)
	}
	return reply{}, nil
}

func (a *App) queryExpansion(r request) (reply, *failure) {
	m, f := a.expandable(r)
	if f != nil {
		return nil, f
	}
	out := map[string]reply{}
	for k, p := range m.expansion {
		out[k] = reply{"v": p.value, "ts": p.at.UnixMilli()}
	}
	return reply{"extraContent": out}, nil
}
