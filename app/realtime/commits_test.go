package realtime

import (
	"fmt"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// commit sends, and tells the hub.
func commit(s *memory, h *Hub, conversation, from, text string) {
	c, _ := s.commit(conversation, from, text)
	h.Committed([]Commit{c})
}

func TestWhatANodeHasCommittedIsNotReadBack(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann", "bob")
		_, w, _ := connect(t, h, key("bob", "1"), nil)
		synctest.Wait()
		reads := s.readings()
		for i := 1; i <= 10; i++ {
			commit(s, h, "c", "ann", fmt.Sprint(i))
			h.Committed([]Commit{s.tick()}) // a message that was refused
			if i%3 == 0 {
				synctest.Wait()
				want(t, "bob", w.texts(), texts(1, i))
			}
		}
		synctest.Wait()
		want(t, "bob", w.texts(), texts(1, 10))
		if n := s.readings() - reads; n != 0 {
			t.Errorf("%d readings of the log", n)
		}
		// Another node commits: ours do not follow any more.
		s.send("c", "ann", "11")
		commit(s, h, "c", "ann", "12")
		synctest.Wait()
		if n := s.readings() - reads; n != 1 {
			t.Errorf("%d readings of the log", n)
		}
		reads = s.readings()
		commit(s, h, "c", "ann", "13")
		synctest.Wait()
		want(t, "bob", w.texts(), texts(1, 13))
		if n := s.readings() - reads; n != 0 {
			t.Errorf("%d readings of the log", n)
		}
	})
}

func TestNewsOfWhatIsDeliveredIsNotLookedInto(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		reads := s.readings()
		id, _ := s.send("c", "ann", "1")
		for range 3 {
			h.Heard(app, id)
			h.Heard("an app of another configuration", id)
			synctest.Wait()
		}
		want(t, "ann", w.texts(), texts(1, 1))
		if n := s.readings() - reads; n != 1 {
			t.Errorf("%d readings of the log", n)
		}
	})
}

func TestMoreCommitsThanMayWaitAreReadFromTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, func(c *Config, _ *Deps) { c.QueueMessages = 2 * commitsLimit })
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		for i := 1; i <= commitsLimit+1; i++ {
			commit(s, h, "c", "ann", fmt.Sprint(i))
		}
		commit(s, h, "c", "ann", fmt.Sprint(commitsLimit+2))
		synctest.Wait()
		if got := w.texts(); !slices.Equal(got, texts(1, commitsLimit+2)) {
			t.Errorf("%d messages", len(got))
		}
	})
}

func TestACommitThatWasReadMeanwhileComesOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newMemory()
		h := open(t, s, nil)
		s.join("c", "ann")
		_, w, _ := connect(t, h, key("ann", "1"), nil)
		synctest.Wait()
		s.slow(20 * time.Millisecond)
		h.Wake()
		synctest.Wait() // the log is being read
		commit(s, h, "c", "ann", "1")
		time.Sleep(time.Second)
		synctest.Wait()
		commit(s, h, "c", "ann", "2")
		time.Sleep(time.Second)
		synctest.Wait()
		want(t, "ann", w.texts(), texts(1, 2))
	})
}
