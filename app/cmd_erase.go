package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// personal is the commands erase and export, which ask the process that runs on this
// machine: it has the vendors and the sessions.
func personal(ctx context.Context, command string, args []string, stdout io.Writer) error {
	in := struct {
		App    string `json:"app"`
		User   string `json:"user"`
		By     string `json:"by"`
		Reason string `json:"reason"`
	}{By: os.Getenv("USER")}
	flags := flag.NewFlagSet(command, flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.StringVar(&in.App, "app", "", "")
	flags.StringVar(&in.User, "user", "", "")
	flags.StringVar(&in.By, "by", in.By, "")
	flags.StringVar(&in.Reason, "reason", "", "")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("%w: %w", errUsage, err)
	}
	if in.App == "" || in.User == "" || in.By == "" || flags.NArg() > 1 || (command == "export") != (flags.NArg() == 1) {
		return errUsage
	}
	cfg, err := readConfig()
	if err != nil {
		return err
	}
	if cfg.AdminKey == "" {
		return errors.New(envPrefix + "_ADMIN_KEY is not set: the running process takes the command by it")
	}
	body, err := json.Marshal(in)
	if err != nil {
		return err
	}
	ask := operator{cfg.Listen, cfg.AdminKey.Reveal()}
	if command == "export" {
		return ask.export(ctx, body, flags.Arg(0), stdout)
	}
	return ask.erase(ctx, body, in.App, stdout)
}

// operator calls the running process's /admin.
type operator struct{ listen, key string }

func (o operator) call(ctx context.Context, method, path string, body []byte) (*http.Response, error) {
	host, port, err := net.SplitHostPort(o.listen)
	if err != nil {
		return nil, err
	}
	if ip := net.ParseIP(host); host == "" || ip != nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	req, err := http.NewRequestWithContext(ctx, method, "http://"+net.JoinHostPort(host, port)+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set("admin-key", o.key)
	req.Header.Set("Content-Type", "application/json")
	res, err := http.DefaultClient.Do(req)
	if err == nil && res.StatusCode != http.StatusOK {
		text, _ := io.ReadAll(io.LimitReader(res.Body, 1000))
		return nil, errors.Join(fmt.Errorf("%s: %s: %s", path, res.Status, text), res.Body.Close())
	}
	return res, err
}

// erase waits for the end and says what was taken away.
func (o operator) erase(ctx context.Context, body []byte, app string, stdout io.Writer) error {
	var job struct{ ID string }
	if err := o.decode(ctx, http.MethodPost, "/admin/erasures", body, &job); err != nil {
		return err
	}
	fmt.Fprintln(stdout, "erasure", job.ID)
	for {
		var list struct{ Erasures []json.RawMessage }
		if err := o.decode(ctx, http.MethodGet, "/admin/erasures?app="+app, nil, &list); err != nil {
			return err
		}
		for _, raw := range list.Erasures {
			var one struct{ ID, State string }
			if err := json.Unmarshal(raw, &one); err != nil {
				return err
			}
			if one.ID == job.ID && one.State == "done" {
				_, err := fmt.Fprintf(stdout, "%s\n", raw)
				return err
			}
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(time.Second):
		}
	}
}

func (o operator) decode(ctx context.Context, method, path string, body []byte, v any) error {
	res, err := o.call(ctx, method, path, body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	return json.NewDecoder(res.Body).Decode(v)
}

// export writes a new file that is its owner's alone; one that broke off is removed.
func (o operator) export(ctx context.Context, body []byte, file string, stdout io.Writer) (err error) {
	res, err := o.call(ctx, http.MethodPost, "/admin/exports", body)
	if err != nil {
		return err
	}
	defer res.Body.Close()
	out, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	defer func() {
		if err = errors.Join(err, out.Close()); err != nil {
			_ = os.Remove(file)
		}
	}()
	tail := &lastLine{}
	n, err := io.Copy(io.MultiWriter(out, tail), res.Body)
	if err == nil && !bytes.HasPrefix(tail.line, []byte(`{"section":"end"`)) {
		err = errors.New("the export broke off: see the process's log")
	}
	if err == nil {
		_, err = fmt.Fprintf(stdout, "%d bytes in %s\n", n, file)
	}
	return err
}

// lastLine remembers the last line that was written whole.
type lastLine struct{ rest, line []byte }

func (l *lastLine) Write(p []byte) (int, error) {
	for _, b := range p {
		if l.rest = append(l.rest, b); b == '\n' {
			l.line, l.rest = l.rest, nil
		}
	}
	return len(p), nil
}
