//go:build linux

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/url"
	"strings"
	"sync"
	"time"

	"switchboard/mocks/linkv"
	"switchboard/mocks/mock"
	"switchboard/mocks/rongcloud"
)

const startCoins = 1_000_000 // of everybody, at LinkV

// vendorSet is the mock vendors, in this process, so that their journals cannot die with
// a replica, each behind a relay, by which it goes away and comes back.
type vendorSet struct {
	rong      *rongcloud.Server
	linkv     *linkv.Server
	rongRelay *relay
	liveRelay *relay
	journals  sync.WaitGroup
	stop      context.CancelFunc
	faults    []*mock.Faults

	mu   sync.Mutex
	tips map[string]int // how often each text was sent at RongCloud; guarded by mu
}

func openVendors(b *book) (v *vendorSet, err error) {
	ctx, stop := context.WithCancel(context.Background())
	v = &vendorSet{tips: map[string]int{}, stop: stop}
	if v.rong, err = rongcloud.Start(rongcloud.Config{Account: rongcloud.Account{AppKey: "soak", AppSecret: "rong-secret"}, NoRateLimits: true}); err != nil {
		return v, err
	}
	v.linkv, err = linkv.Start(linkv.Config{StartBalance: startCoins, Account: linkv.Account{
		AppID: "im1", AppKey: "key", AppSecret: "linkv-secret", LiveAppID: "LM1234567890123456789012", LiveAppSecret: "live-secret",
	}})
	if err != nil {
		return v, err
	}
	v.faults = []*mock.Faults{v.rong.App.Faults, v.linkv.Default().Faults}
	if v.rongRelay, err = openRelay(v.rong.URL); err != nil {
		return v, err
	}
	if v.liveRelay, err = openRelay(v.linkv.URL); err != nil {
		return v, err
	}
	v.journals.Go(func() { v.readJournal(ctx, b) })
	return v, nil
}

// readJournal counts the messages that RongCloud took, before its journal, which is
// bounded, forgets them.
func (v *vendorSet) readJournal(ctx context.Context, b *book) {
	for last, going := int64(0), true; going; {
		going = pause(ctx, 50*time.Millisecond)
		for _, e := range v.rong.App.Journal.Find(mock.Filter{Since: last}) {
			if e.Seq != last+1 {
				b.fail("journal", "RongCloud's journal was read too late: %d entries are not judged", e.Seq-last-1)
			}
			last = e.Seq
			if e.Executed && e.Op == "message.private.publish" {
				v.note(e.Request)
			}
		}
	}
}

// note counts a message by the word in it that begins with "tip-".
func (v *vendorSet) note(request string) {
	text, _ := url.QueryUnescape(request)
	_, after, found := strings.Cut(text, "tip-")
	if !found {
		return
	}
	key, _, _ := strings.Cut(after, ".")
	v.mu.Lock()
	defer v.mu.Unlock()
	v.tips["tip-"+key]++
}

// sent is how often each text reached RongCloud.
func (v *vendorSet) sent(text string) int {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.tips[text]
}

// well makes both vendors faultless and reachable.
func (v *vendorSet) well() {
	for _, f := range v.faults {
		f.Clear()
	}
	v.rongRelay.open()
	v.liveRelay.open()
}

func (v *vendorSet) close() {
	if v == nil {
		return
	}
	for _, r := range []*relay{v.rongRelay, v.liveRelay} {
		if r != nil {
			r.cut()
		}
	}
	v.stop()
	v.journals.Wait()
	if v.rong != nil {
		_ = v.rong.Close()
	}
	if v.linkv != nil {
		_ = v.linkv.Close()
	}
}

// relay carries TCP connections to a vendor, on a port that stays the same.
type relay struct {
	address, target string
	mu              sync.Mutex
	listener        net.Listener      // nil: cut; guarded by mu
	conns           map[net.Conn]bool // guarded by mu
}

func openRelay(target string) (*relay, error) {
	address, _, err := freeAddress()
	if err != nil {
		return nil, err
	}
	r := &relay{address: address, target: strings.TrimPrefix(target, "http://"), conns: map[net.Conn]bool{}}
	return r, r.open()
}

// open lets connections through; cut ends those there are and refuses new ones.
func (r *relay) open() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != nil {
		return nil
	}
	l, err := net.Listen("tcp", r.address)
	if err != nil {
		return fmt.Errorf("relay: %w", err)
	}
	r.listener = l
	go r.accept(l)
	return nil
}

func (r *relay) cut() {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener == nil {
		return
	}
	_ = r.listener.Close()
	r.listener = nil
	for c := range r.conns {
		_ = c.Close()
	}
	clear(r.conns)
}

func (r *relay) accept(l net.Listener) {
	for {
		client, err := l.Accept()
		if errors.Is(err, net.ErrClosed) {
			return
		}
		if err == nil {
			go r.carry(l, client)
		}
	}
}

// hold notes a connection of the listener; false: that was cut meanwhile.
func (r *relay) hold(l net.Listener, c net.Conn) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.listener != l {
		return false
	}
	r.conns[c] = true
	return true
}

func (r *relay) carry(l net.Listener, client net.Conn) {
	defer client.Close()
	vendor, err := net.Dial("tcp", r.target)
	if err != nil {
		return
	}
	defer vendor.Close()
	if !r.hold(l, client) || !r.hold(l, vendor) {
		return
	}
	var both sync.WaitGroup
	both.Go(func() { _, _ = io.Copy(vendor, client); _ = vendor.Close() })
	both.Go(func() { _, _ = io.Copy(client, vendor); _ = client.Close() })
	both.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	delete(r.conns, client)
	delete(r.conns, vendor)
}
