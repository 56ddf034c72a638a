package mock

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"runtime/debug"
	"strconv"
	"strings"
	"time"
)

// ServeHTTP takes a request through fault, signature, openapi and operation to
// the answer, and notes all of it in the journal before the answer goes out.
func (e *Engine[S]) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if strings.HasPrefix(r.URL.Path+"/", adminPrefix) {
		e.admin.ServeHTTP(w, r)
		return
	}
	c, s, op, problem := e.read(r)
	action, _ := s.Faults.pick(c.Op, c.User)
	entry := Entry{
		At: c.Now, Op: c.Op, Method: r.Method, Path: c.Path, User: c.User, Query: c.Query,
		Request: string(c.Body), Fault: action.Kind,
	}
	if !e.wait(r, action.Wait) {
		entry.Refused = "the client left during the delay"
		s.Journal.add(entry)
		panic(http.ErrAbortHandler)
	}
	var answer Answer
	if action.executes() {
		answer = e.execute(c, s, op, problem, &entry)
	}
	answer = e.spoil(c, action, answer)
	body := answer.bytes()
	entry.Code = answer.Code
	if !silent(action.Kind) {
		entry.Status, entry.Answer = answer.status(), string(body)
	}
	s.Journal.add(entry)
	e.write(w, r, action, answer, body)
}

// execute runs the checks and the operation, and fills in the entry.
func (e *Engine[S]) execute(c *Call, s *space[S], op *route[S], problem *Problem, entry *Entry) (answer Answer) {
	defer func() {
		if p := recover(); p != nil {
			entry.Refused = fmt.Sprintf("the mock panicked: %v\n%s", p, debug.Stack())
			answer = e.vendor.Refuse(c, Problem{Kind: Internal})
		}
	}()
	if err := e.bound(); err != nil {
		entry.Refused = err.Error()
		return e.vendor.Refuse(c, Problem{Kind: Internal})
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if problem == nil || e.signedFirst(problem) {
		if refused := e.check(c, s, op, entry); refused != nil {
			problem = refused
		}
	}
	if problem != nil {
		entry.Refused = problem.why(entry.Signature)
		answer = e.vendor.Refuse(c, *problem)
	} else {
		answer = op.Serve(s.state, c)
		entry.Executed, entry.User = true, c.User
	}
	if e.opt.CheckAnswers && op != nil {
		entry.Breach = op.contract.checkAnswer(answer.status(), answer.contentType(), answer.bytes())
	}
	if e.vendor.Encode != nil {
		answer = e.vendor.Encode(c, answer)
	}
	return answer
}

// signedFirst is true of a missing path or method where the vendor looks at the
// signature before it.
func (e *Engine[S]) signedFirst(p *Problem) bool {
	return e.vendor.SignFirst && (p.Kind == UnknownPath || p.Kind == WrongMethod)
}

// check verifies the signature, then the fields of an operation that there is.
func (e *Engine[S]) check(c *Call, s *space[S], op *route[S], entry *Entry) *Problem {
	entry.Signature = e.vendor.Verify(s.state, c)
	if !entry.Signature.OK {
		return &Problem{Kind: BadSignature, Code: entry.Signature.Code}
	}
	if op == nil {
		return nil
	}
	if v := op.contract.checkRequest(c); v != nil {
		return &Problem{Kind: Invalid, Violation: *v}
	}
	return nil
}

// why is the reason for the journal.
func (p Problem) why(v Verdict) string {
	switch p.Kind {
	case BadSignature:
		return v.Reason
	case Invalid:
		return p.Violation.String()
	}
	return problemText[p.Kind]
}

var problemText = map[ProblemKind]string{
	UnknownPath: "no such path", WrongMethod: "wrong method", TooLarge: "body over 4 MiB or cut off",
	UnknownSender: "no namespace has these credentials",
}

// spoil is the answer that the action makes of the true one.
func (e *Engine[S]) spoil(c *Call, a Action, answer Answer) Answer {
	switch a.Kind {
	case Garbage:
		return Answer{Body: c.Namespace.Random.Bytes(64)}
	case HTML:
		return Answer{Status: a.Status, Type: "text/html", Body: "<html><head><title>502 Bad Gateway</title></head><body><h1>502 Bad Gateway</h1></body></html>"}
	case ContentType:
		answer.Type = a.Type
		if a.Type == "" {
			answer.Type = "text/plain"
		}
	case Status:
		return Answer{Status: a.Status, Type: "text/plain", Body: ""}
	case Code:
		return e.vendor.Refuse(c, Problem{Kind: Coded, Code: a.Code})
	case Throttle:
		return e.vendor.Refuse(c, Problem{Kind: TooFast})
	}
	return answer
}

// silent kinds write no answer.
func silent(kind string) bool { return kind == Hang || kind == Drop || kind == Reset }

// wait returns false when the client left or the mock closed first.
func (e *Engine[S]) wait(r *http.Request, d time.Duration) bool {
	if d == 0 {
		return true
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
		return true
	case <-r.Context().Done():
	case <-e.ctx.Done():
	}
	return false
}

// write puts the answer on the wire, or what the action makes of it. Aborting
// the handler is how net/http closes a connection without an answer.
func (e *Engine[S]) write(w http.ResponseWriter, r *http.Request, a Action, answer Answer, body []byte) {
	switch a.Kind {
	case Hang:
		select {
		case <-r.Context().Done():
		case <-e.ctx.Done():
		}
		panic(http.ErrAbortHandler)
	case Drop:
		panic(http.ErrAbortHandler)
	case Reset:
		reset(w)
		panic(http.ErrAbortHandler)
	}
	h := w.Header()
	for name, values := range answer.Header {
		h[name] = values
	}
	h.Set("Content-Type", answer.contentType())
	h.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(answer.status())
	if a.Kind == Truncate {
		_, _ = w.Write(body[:len(body)/2])
		_ = http.NewResponseController(w).Flush()
		panic(http.ErrAbortHandler)
	}
	_, _ = w.Write(body) // a client that left is no news
}

// reset closes the connection with unsent data discarded, which TCP tells the
// peer by a reset.
func reset(w http.ResponseWriter) {
	conn, _, err := http.NewResponseController(w).Hijack()
	if err != nil {
		return // not a TCP connection: the abort that follows closes it
	}
	if tcp, ok := conn.(*net.TCPConn); ok {
		_ = tcp.SetLinger(0)
	}
	_ = conn.Close()
}

func (a Answer) status() int {
	if a.Status == 0 {
		return http.StatusOK
	}
	return a.Status
}

func (a Answer) contentType() string {
	if a.Type == "" {
		return "application/json; charset=utf-8"
	}
	return a.Type
}

func (a Answer) bytes() []byte {
	switch b := a.Body.(type) {
	case []byte:
		return b
	case string:
		return []byte(b)
	}
	b, err := json.Marshal(a.Body)
	if err != nil {
		panic(err) // a vendor's answer type that is no JSON: a mistake in the vendor's package
	}
	return b
}
