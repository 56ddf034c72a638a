package main

import (
	"bufio"
	"crypto/md5"
	"crypto/rand"
	"crypto/sha1"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net"
	"net/http"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/go-resty/resty/v2"
	"github.com/gofiber/fiber/v2"
	"github.com/valyala/fasthttp"

	"switchboard/app/access"
)

// The vendor of the benchmarks is a process of its own, so that its work is not
// counted as ours: the test binary, started again with this variable set.
const vendorVariable = "SWITCHBOARD_TEST_BENCH_VENDOR"

// A program of its own, where a benchmark counts what only the program uses: the
// test binary, started again with this variable set.
const (
	programVariable = "SWITCHBOARD_TEST_BENCH_PROGRAM"
	naiveVariable   = "SWITCHBOARD_TEST_NAIVE_GATEWAY"
)

func TestMain(m *testing.M) {
	if os.Getenv(vendorVariable) != "" {
		cannedVendor()
		return
	}
	if os.Getenv(programVariable) != "" {
		main()
		return
	}
	if os.Getenv(naiveVariable) != "" {
		naiveGateway()
		return
	}
	os.Exit(m.Run())
}

// cannedVendor answers every call as LinkV and RongCloud do when all is well.
func cannedVendor() {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		panic(err)
	}
	fmt.Println(l.Addr())
	panic(http.Serve(l, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		switch {
		case strings.Contains(r.URL.Path, "thGetToken"):
			fmt.Fprint(w, `{"status":"200","msg":"","data":{"token":"t","userId":"1001","aid":"a","openId":"115213496111983232934"}}`)
		case strings.Contains(r.URL.Path, "getUserTokens"):
			fmt.Fprint(w, `{"status":"200","msg":"","data":{"tokens":"1000","isMigrate":"0"}}`)
		case strings.Contains(r.URL.Path, "sensitiveword"):
			fmt.Fprint(w, `{"code":200,"words":[]}`)
		default:
			fmt.Fprint(w, `{"code":200}`)
		}
	})))
}

func startCannedVendor(b *testing.B) string {
	b.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), vendorVariable+"=1")
	out, err := cmd.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	line, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatal(err)
	}
	return "http://" + strings.TrimSpace(line)
}

// BenchmarkAgainstMinimal measures the CPU time of this process for one request,
// with everything on, beside a minimal Fiber handler that makes the same signed
// vendor call through resty with a transport of the same size. Both are called without
// a socket in front; the vendor is another process. The two take turns, so that
// a noisy machine is as noisy for both: read times-minimal, which is the ratio
// of their CPU times.
func BenchmarkAgainstMinimal(b *testing.B) {
	vendor := startCannedVendor(b)
	s := benchServer(b, vendor)
	token, err := s.apps.Mint("bench", "1001", 1)
	if err != nil {
		b.Fatal(err)
	}
	minimal := minimalServer(vendor)
	for _, c := range []struct {
		name         string
		minimal, own call
	}{
		{
			"check",
			call{minimal.Handler(), "/check", nil, `{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"hello"}`},
			call{
				s.web.Handler(), "/api/v1/im/before/check", map[string]string{"Authorization": "Bearer " + token},
				`{"param":{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"hello"}}`,
			},
		},
		{
			"tip",
			call{minimal.Handler(), "/tip", nil, `{"from":100,"targets":[7],"msg":"this is a test msg."}`},
			call{
				s.web.Handler(), "/api/server/im/send/tip", map[string]string{"app-id": "bench", "app-key": "bench-key"},
				`{"param":{"from":100,"targets":[7],"msg":"this is a test msg."}}`,
			},
		},
	} {
		b.Run(c.name, func(b *testing.B) {
			const turn = 2000
			var minimal, own spent
			for done := 0; done < b.N; done += turn {
				n := min(turn, b.N-done)
				minimal.add(b, func() { c.minimal.times(b, n) })
				own.add(b, func() { c.own.times(b, n) })
			}
			minimal.report(b, "minimal")
			own.report(b, "own")
			b.ReportMetric(float64(own.cpu)/float64(minimal.cpu), "times-minimal")
		})
	}
}

// call is one request that is made again and again.
type call struct {
	handler fasthttp.RequestHandler
	path    string
	header  map[string]string
	body    string
}

// times makes the call n times, by 16 callers side by side. Each has one context, as
// a connection has at the server, which is wiped between its requests.
func (c call) times(b *testing.B, n int) {
	var left atomic.Int64
	left.Store(int64(n))
	var callers sync.WaitGroup
	for range 16 {
		callers.Go(func() {
			var ctx fasthttp.RequestCtx
			ctx.Init(&fasthttp.Request{}, nil, nil)
			for left.Add(-1) >= 0 {
				c.once(b, &ctx)
			}
		})
	}
	callers.Wait()
}

func (c call) once(b *testing.B, ctx *fasthttp.RequestCtx) {
	ctx.ResetUserValues()
	ctx.Response.Reset()
	req := &ctx.Request
	req.Reset()
	req.Header.SetMethod(fasthttp.MethodPost)
	req.SetRequestURI(c.path)
	for k, v := range c.header {
		req.Header.Set(k, v)
	}
	req.SetBodyString(c.body)
	c.handler(ctx)
	if ctx.Response.StatusCode() != 200 || !strings.Contains(string(ctx.Response.Body()), `"code":0`) {
		b.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
	}
}

// spent is what some of a benchmark's calls took of this process.
type spent struct {
	cpu    time.Duration
	allocs uint64
}

func (s *spent) add(b *testing.B, calls func()) {
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	cpu := cpuTime(b)
	calls()
	s.cpu += cpuTime(b) - cpu
	runtime.ReadMemStats(&after)
	s.allocs += after.Mallocs - before.Mallocs
}

func (s *spent) report(b *testing.B, whose string) {
	b.ReportMetric(float64(s.cpu.Nanoseconds())/1000/float64(b.N), whose+"-us/op")
	b.ReportMetric(float64(s.allocs)/float64(b.N), whose+"-allocs/op")
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

func benchServer(b *testing.B, vendor string) *server {
	b.Helper()
	cfg, err := loadConfig()
	if err != nil {
		b.Fatal(err)
	}
	cfg.Listen, cfg.DataDir = "127.0.0.1:0", b.TempDir()
	cfg.Apps = access.Apps{{ID: "bench", Key: "bench-key", JWTSecret: "secret-of-the-bench"}}
	cfg.RongCloud.AppKey, cfg.RongCloud.AppSecret, cfg.RongCloud.BaseURL = "key", "secret", vendor
	cfg.LinkV.LiveAppID, cfg.LinkV.LiveAppSecret, cfg.LinkV.BaseURL = "LM6000000000000000000001", "secret", vendor
	cfg.LinkV.AppID, cfg.LinkV.AppKey, cfg.LinkV.AppSecret = "app", "key", "secret"
	cfg.Route.Messages = "linkv" // its rate is not limited; RongCloud's is 100 a second
	s, err := build(b.Context(), cfg, slog.New(slog.DiscardHandler), new(slog.LevelVar))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := s.open.close(); err != nil {
			b.Error(err)
		}
	})
	return s
}

// minimalServer is what a team would write first: it calls the same vendor
// with the same fields, signed, or the vendor would refuse them; there are no
// checks, no breaker, no deadline, no ledger, no metrics. Its transport is tuned.
func minimalServer(vendor string) *fiber.App {
	out := resty.NewWithClient(&http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}})
	web := fiber.New(fiber.Config{DisableStartupMessage: true})
	web.Post("/check", func(c *fiber.Ctx) error {
		var in struct{ Content string }
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		var balance struct {
			Status string
			Data   struct{ Tokens string }
		}
		form := map[string]string{"app_id": "LM6000000000000000000001", "uid": "115213496111983232934", "nonce_str": rand.Text()}
		form["sign"] = minimalSign(form, "secret")
		if _, err := out.R().SetFormData(form).SetResult(&balance).Post(vendor + "/open/finanv0/getUserTokens"); err != nil {
			return err
		}
		if balance.Status != "200" {
			return fiber.ErrBadGateway
		}
		return c.JSON(fiber.Map{"code": 0, "data": nil, "err": nil, "time": time.Now().Unix()})
	})
	web.Post("/tip", func(c *fiber.Ctx) error {
		var in struct {
			From    int
			Targets []int
			Msg     string
		}
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		content, err := json.Marshal(map[string]string{"message": in.Msg})
		if err != nil {
			return err
		}
		from, nonce, now := strconv.Itoa(in.From), rand.Text(), strconv.FormatInt(time.Now().Unix(), 10)
		parts := []string{nonce, now, "secret"}
		slices.Sort(parts)
		token := fmt.Sprintf("%x", md5.Sum([]byte(strings.Join(parts, ""))))
		header := map[string]string{
			"appId": "app", "appkey": "key", "appUid": from, "nonce": nonce, "timestamp": now, "cmimToken": token, "signature": token,
			"sign": fmt.Sprintf("%X", sha1.Sum([]byte("app|key|"+now+"|"+nonce))),
		}
		form := map[string]string{
			"appId": "app", "fromUserId": from, "toUserId": strconv.Itoa(in.Targets[0]), "objectName": "RC:InfoNtf", "content": string(content), "isCheckSensitiveWords": "0",
		}
		var answer struct{ Code int }
		if _, err := out.R().SetHeaders(header).SetFormData(form).SetResult(&answer).Post(vendor + "/api/rest/message/converse/pushConverseData"); err != nil {
			return err
		}
		if answer.Code != 200 {
			return fiber.ErrBadGateway
		}
		return c.JSON(fiber.Map{"code": 0, "data": nil, "err": nil, "time": time.Now().Unix()})
	})
	return web
}

// minimalSign is LinkV's signature of a live call (docs/vendors/linkv.md#live-signing).
func minimalSign(form map[string]string, secret string) string {
	var text strings.Builder
	for _, k := range slices.Sorted(maps.Keys(form)) {
		text.WriteString(k + "=" + form[k] + "&")
	}
	return fmt.Sprintf("%x", md5.Sum([]byte(text.String()+"key="+secret)))
}
