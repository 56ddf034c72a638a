// Command scale reckons how many messages replicas on one or several databases take, from
// what was measured on few. It plays the batches of replicas on the clock rows of
// partitions event by event; docs/scale.md says where its input comes from and what it
// may be believed about.
package main

import (
	"container/heap"
	"flag"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"
)

// input is what was measured, and what is asked.
type input struct {
	commit  time.Duration // a: what a commit holds the clock row for by itself
	message time.Duration // c: what each message adds to that
	read    time.Duration // processor time of a database for one message that one replica reads
	think   time.Duration // of a sender between an answer and the next message
	spread  float64       // of a commit's time: the sigma of a log-normal, drawn anew every 100 ms

	senders, replicas, partitions int
}

// output is what one run came to.
type output struct {
	sends, commits  float64 // a second
	batch           float64 // messages in a commit
	half, hundredth time.Duration
	reads           float64 // processors of one partition's database that its readers take
}

func main() {
	var in input
	var senders, replicas, partitions string
	flag.DurationVar(&in.commit, "a", 2500*time.Microsecond, "a commit by itself")
	flag.DurationVar(&in.message, "c", 830*time.Microsecond, "each message of a commit")
	flag.DurationVar(&in.read, "read", 30*time.Microsecond, "one message that one replica reads, at the database")
	flag.DurationVar(&in.think, "think", 100*time.Microsecond, "a sender between an answer and the next message")
	flag.Float64Var(&in.spread, "spread", 0.65, "of a commit's time; 0: always the same")
	flag.StringVar(&senders, "senders", "32,512", "who wait for their answers, each")
	flag.StringVar(&replicas, "replicas", "1,2,4,8,16", "")
	flag.StringVar(&partitions, "partitions", "1,4", "databases, each with a clock row")
	flag.Parse()
	var err error
	numbers := func(list string) (ns []int) {
		for _, field := range strings.Split(list, ",") {
			n, e := strconv.Atoi(field)
			if e != nil || n < 1 {
				err = fmt.Errorf("scale: %q is no number above 0", field)
			}
			ns = append(ns, n)
		}
		return ns
	}
	ss, rs, ps := numbers(senders), numbers(replicas), numbers(partitions)
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(2)
	}
	table(os.Stdout, in, ss, rs, ps)
}

// table prints all combinations, as docs/scale.md has them.
func table(out io.Writer, in input, senders, replicas, partitions []int) {
	fmt.Fprintln(out, "| senders | partitions | replicas | sends a second | commits a second | messages in a commit | lag, half of all | lag, 99 of 100 | readers take |")
	fmt.Fprintln(out, "|---|---|---|---|---|---|---|---|---|")
	for _, in.senders = range senders {
		for _, in.partitions = range partitions {
			for _, in.replicas = range replicas {
				o := simulate(in, time.Minute)
				fmt.Fprintf(out, "| %d | %d | %d | %.0f | %.0f | %.1f | %d ms | %d ms | %.2f processors of each database |\n", in.senders, in.partitions, in.replicas,
					o.sends, o.commits, o.batch, o.half.Milliseconds(), o.hundredth.Milliseconds(), o.reads)
			}
		}
	}
}

// event is something that happens at a time of the played world.
type event struct {
	at  time.Duration
	run func()
}

type events []event

func (e events) Len() int           { return len(e) }
func (e events) Less(i, j int) bool { return e[i].at < e[j].at }
func (e events) Swap(i, j int)      { e[i], e[j] = e[j], e[i] }

// Push implements heap.Interface.
func (e *events) Push(x any) { *e = append(*e, x.(event)) }

// Pop implements heap.Interface.
func (e *events) Pop() any {
	last := (*e)[len(*e)-1]
	*e = (*e)[:len(*e)-1]
	return last
}

// writer is that of one replica for one partition: what waits for it, and whether a batch
// of it is under way.
type writer struct {
	waiting []time.Duration // when each message was sent
	busy    bool
}

// partition is a clock row: batches of all replicas hold it one after the other.
type partition struct {
	held bool
	line []func() // batches that wait for it
}

// world is one play.
type world struct {
	input
	now    time.Duration
	next   events
	random *rand.Rand
	slow   []float64 // factor of commits' times, by window

	commits, done int
	lags          []time.Duration
}

// simulate plays the world for so long.
func simulate(in input, long time.Duration) output {
	w := &world{input: in, random: rand.New(rand.NewPCG(1, 2))}
	rows, writers := make([]partition, in.partitions), make([]writer, in.replicas*in.partitions)
	for i := range in.senders {
		// A sender keeps to its conversation, and its replica's writer for that one's partition.
		p := w.random.IntN(in.partitions)
		writer := &writers[i%in.replicas*in.partitions+p]
		w.after(time.Duration(w.random.IntN(int(time.Millisecond))), func() { w.send(writer, &rows[p]) })
	}
	for len(w.next) > 0 && w.now < long {
		e := heap.Pop(&w.next).(event)
		w.now = e.at
		e.run()
	}
	slices.Sort(w.lags)
	seconds := w.now.Seconds()
	sends := float64(w.done) / seconds
	return output{
		sends: sends, commits: float64(w.commits) / seconds, batch: float64(w.done) / float64(max(1, w.commits)),
		half: w.lags[len(w.lags)/2], hundredth: w.lags[len(w.lags)*99/100],
		reads: sends / float64(in.partitions) * float64(in.replicas) * in.read.Seconds(),
	}
}

func (w *world) after(d time.Duration, run func()) { heap.Push(&w.next, event{w.now + d, run}) }

// send puts a message before the replica's writer, which takes it now or with its next batch.
func (w *world) send(r *writer, row *partition) {
	r.waiting = append(r.waiting, w.now)
	if !r.busy {
		w.take(r, row)
	}
}

// take makes a batch of all that waits, and lets it wait for the clock row.
func (w *world) take(r *writer, row *partition) {
	batch := r.waiting
	r.waiting, r.busy = nil, true
	row.line = append(row.line, func() {
		w.after(w.hold(len(batch)), func() { w.committed(r, row, batch) })
	})
	if !row.held {
		w.grant(row)
	}
}

func (w *world) grant(row *partition) {
	first := row.line[0]
	row.line, row.held = row.line[1:], true
	first()
}

// window is how long a commit's time keeps its factor: what slows commits down, a disk or
// other work on the machine, lasts.
const window = 100 * time.Millisecond

// hold is how long a batch of m messages has the clock row, from now on: its work, done
// at the pace of each window that it reaches into.
func (w *world) hold(m int) time.Duration {
	work, at := float64(w.commit+time.Duration(m)*w.message), w.now
	for {
		k := int(at / window)
		for len(w.slow) <= k { // rates have the mean 1
			w.slow = append(w.slow, math.Exp(w.spread*w.random.NormFloat64()+w.spread*w.spread/2))
		}
		left := time.Duration(k+1)*window - at
		if need := time.Duration(work * w.slow[k]); need <= left {
			return at + need - w.now
		}
		work -= float64(left) / w.slow[k]
		at += left
	}
}

// committed answers the batch's senders, who send again, and goes on.
func (w *world) committed(r *writer, row *partition, batch []time.Duration) {
	w.commits++
	w.done += len(batch)
	for _, sent := range batch {
		w.lags = append(w.lags, w.now-sent)
		w.after(w.think, func() { w.send(r, row) })
	}
	row.held, r.busy = false, false
	if len(row.line) > 0 {
		w.grant(row)
	}
	if len(r.waiting) > 0 {
		w.take(r, row)
	}
}
