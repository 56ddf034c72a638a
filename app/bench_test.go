package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strings"
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
// with everything on, beside a minimal Fiber handler that makes the same vendor
// call through resty with a transport of the same size. Both are called without
// a socket in front; the vendor is another process. Read cpu-us/op, as a ratio.
func BenchmarkAgainstMinimal(b *testing.B) {
	vendor := startCannedVendor(b)
	s := benchServer(b, vendor)
	token, err := s.apps.Mint("bench", "1001", 1)
	if err != nil {
		b.Fatal(err)
	}
	client := map[string]string{"Authorization": "Bearer " + token}
	server := map[string]string{"app-id": "bench", "app-key": "bench-key"}
	minimal := minimalServer(vendor)
	for _, c := range []struct {
		name    string
		handler fasthttp.RequestHandler
		path    string
		header  map[string]string
		body    string
	}{
		{"check/minimal", minimal.Handler(), "/check", nil, `{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"hello"}`},
		{"check/switchboard", s.web.Handler(), "/api/v1/im/before/check", client, `{"param":{"rc_msg":"RC:TxtMsg","peer_uid":12,"content":"hello"}}`},
		{"tip/minimal", minimal.Handler(), "/tip", nil, `{"from":100,"targets":[7],"msg":"this is a test msg."}`},
		{"tip/switchboard", s.web.Handler(), "/api/server/im/send/tip", server, `{"param":{"from":100,"targets":[7],"msg":"this is a test msg."}}`},
	} {
		b.Run(c.name, func(b *testing.B) { measure(b, c.handler, c.path, c.header, c.body) })
	}
}

func measure(b *testing.B, handler fasthttp.RequestHandler, path string, header map[string]string, body string) {
	b.ReportAllocs()
	b.SetParallelism(8)
	before := cpuTime(b)
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			var ctx fasthttp.RequestCtx
			var req fasthttp.Request
			req.Header.SetMethod(fasthttp.MethodPost)
			req.SetRequestURI(path)
			for k, v := range header {
				req.Header.Set(k, v)
			}
			req.SetBodyString(body)
			ctx.Init(&req, nil, nil)
			handler(&ctx)
			if ctx.Response.StatusCode() != 200 || !strings.Contains(string(ctx.Response.Body()), `"code":0`) {
				b.Errorf("%d %s", ctx.Response.StatusCode(), ctx.Response.Body())
				return
			}
		}
	})
	b.ReportMetric(float64((cpuTime(b)-before).Microseconds())/float64(b.N), "cpu-us/op")
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
	s, err := build(b.Context(), cfg, slog.New(slog.DiscardHandler))
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

// minimalServer is what a team would write first: no checks, no signature, no
// breaker, no deadline, no metrics. Its transport is already tuned.
func minimalServer(vendor string) *fiber.App {
	out := resty.NewWithClient(&http.Client{Transport: &http.Transport{MaxIdleConns: 64, MaxIdleConnsPerHost: 64, MaxConnsPerHost: 64}})
	web := fiber.New(fiber.Config{DisableStartupMessage: true})
	web.Post("/check", func(c *fiber.Ctx) error {
		var in struct{ Content string }
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		var balance struct{ Data struct{ Tokens string } }
		if _, err := out.R().SetFormData(map[string]string{"app_id": "LM1", "uid": "1001"}).SetResult(&balance).Post(vendor + "/open/finanv0/getUserTokens"); err != nil {
			return err
		}
		return c.JSON(fiber.Map{"code": 0, "data": nil, "err": nil, "time": time.Now().Unix()})
	})
	web.Post("/tip", func(c *fiber.Ctx) error {
		var in struct{ Msg string }
		if err := json.Unmarshal(c.Body(), &in); err != nil {
			return err
		}
		var answer struct{ Code int }
		form := map[string]string{"fromUserId": "100", "toUserId": "7", "objectName": "RC:InfoNtf", "content": `{"message":"` + in.Msg + `"}`}
		if _, err := out.R().SetFormData(form).SetResult(&answer).Post(vendor + "/message/private/publish.json"); err != nil {
			return err
		}
		return c.JSON(fiber.Map{"code": 0, "data": nil, "err": nil, "time": time.Now().Unix()})
	})
	return web
}
