package handlers_test

import (
	"errors"
	"flag"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/gofiber/fiber/v2"

	"switchboard/app/access"
	"switchboard/app/backup"
	"switchboard/app/bus"
	"switchboard/app/conversation"
	"switchboard/app/erasure"
	"switchboard/app/groups"
	"switchboard/app/ledger"
	"switchboard/app/messages"
	"switchboard/app/moderation"
	"switchboard/app/owners"
	"switchboard/app/pairing"
	"switchboard/app/pairing/ticket"
	"switchboard/app/ratelimit"
	"switchboard/app/realtime"
	"switchboard/app/rooms"
	"switchboard/app/sqldb"
	"switchboard/app/switches"
	"switchboard/app/translation"
	"switchboard/app/uploads"
	"switchboard/app/users"
	"switchboard/app/wallet"
	"switchboard/handlers"
	"switchboard/handlers/gateway"
	"switchboard/handlers/im"
	"switchboard/handlers/product"
	"switchboard/middleware"
	"switchboard/vendors"
)

// sentinels are the errors of every domain, by name. A new one is added here, and
// its answers to testdata/answers.txt, by go test -run Answer ./handlers -update.
var sentinels = map[string]error{
	"access.ErrServerKey":                 access.ErrServerKey,
	"access.ErrToken":                     access.ErrToken,
	"access.ErrTokenExpired":              access.ErrTokenExpired,
	"access.ErrUnknownApp":                access.ErrUnknownApp,
	"bus.ErrDown":                         bus.ErrDown,
	"conversation.ErrArchived":            conversation.ErrArchived,
	"conversation.ErrBadFormat":           conversation.ErrBadFormat,
	"conversation.ErrBadMessageType":      conversation.ErrBadMessageType,
	"conversation.ErrBadType":             conversation.ErrBadType,
	"conversation.ErrBadUserID":           conversation.ErrBadUserID,
	"conversation.ErrBanned":              conversation.ErrBanned,
	"conversation.ErrKeyReused":           conversation.ErrKeyReused,
	"conversation.ErrMissing":             conversation.ErrMissing,
	"conversation.ErrNoMembers":           conversation.ErrNoMembers,
	"conversation.ErrNotAllowed":          conversation.ErrNotAllowed,
	"conversation.ErrNotMember":           conversation.ErrNotMember,
	"conversation.ErrTooLarge":            conversation.ErrTooLarge,
	"conversation.ErrTooManyMembers":      conversation.ErrTooManyMembers,
	"conversation.ErrUnknownConversation": conversation.ErrUnknownConversation,
	"conversation.ErrUnknownUser":         conversation.ErrUnknownUser,
	"erasure.ErrLater":                    erasure.ErrLater,
	"erasure.ErrUnknown":                  erasure.ErrUnknown,
	"ledger.ErrGivenUp":                   ledger.ErrGivenUp,
	"ledger.ErrInProgress":                ledger.ErrInProgress,
	"ledger.ErrKey":                       ledger.ErrKey,
	"ledger.ErrKeyReused":                 ledger.ErrKeyReused,
	"ledger.ErrLooking":                   ledger.ErrLooking,
	"messages.ErrNoTargets":               messages.ErrNoTargets,
	"messages.ErrTooMany":                 messages.ErrTooMany,
	"messages.ErrUnknownMessage":          messages.ErrUnknownMessage,
	"messages.ErrUndelivered":             messages.ErrUndelivered,
	"middleware.ErrBodies":                middleware.ErrBodies,
	"middleware.ErrAdminKey":              middleware.ErrAdminKey,
	"middleware.ErrReader":                middleware.ErrReader,
	"middleware.ErrCompressed":            middleware.ErrCompressed,
	"middleware.ErrCrossSite":             middleware.ErrCrossSite,
	"middleware.ErrForbidden":             middleware.ErrForbidden,
	"middleware.ErrForwarded":             middleware.ErrForwarded,
	"middleware.ErrHost":                  middleware.ErrHost,
	"middleware.ErrNoKey":                 middleware.ErrNoKey,
	"middleware.ErrNoToken":               middleware.ErrNoToken,
	"middleware.ErrOrigin":                middleware.ErrOrigin,
	"middleware.ErrOtherApp":              middleware.ErrOtherApp,
	"middleware.ErrOtherUser":             middleware.ErrOtherUser,
	"middleware.ErrPanic":                 middleware.ErrPanic,
	"moderation.ErrSensitive":             moderation.ErrSensitive,
	"rooms.ErrNoRecording":                rooms.ErrNoRecording,
	"rooms.ErrNotAllowed":                 rooms.ErrNotAllowed,
	"rooms.ErrBarred":                     rooms.ErrBarred,
	"owners.ErrBusy":                      owners.ErrBusy,
	"owners.ErrChanged":                   owners.ErrChanged,
	"owners.ErrExists":                    owners.ErrExists,
	"owners.ErrNoWish":                    owners.ErrNoWish,
	"owners.ErrSettling":                  owners.ErrSettling,
	"owners.ErrTaken":                     owners.ErrTaken,
	"owners.ErrUnknown":                   owners.ErrUnknown,
	"ticket.ErrBalance":                   ticket.ErrBalance,
	"ticket.ErrBusy":                      ticket.ErrBusy,
	"pairing.ErrClosed":                   pairing.ErrClosed,
	"pairing.ErrConfig":                   pairing.ErrConfig,
	"ticket.ErrConfirmed":                 ticket.ErrConfirmed,
	"pairing.ErrConflict":                 pairing.ErrConflict,
	"ticket.ErrEnded":                     ticket.ErrEnded,
	"pairing.ErrHosts":                    pairing.ErrHosts,
	"ticket.ErrMismatch":                  ticket.ErrMismatch,
	"pairing.ErrNoCandidate":              pairing.ErrNoCandidate,
	"pairing.ErrNoConfig":                 pairing.ErrNoConfig,
	"ticket.ErrNoOffer":                   ticket.ErrNoOffer,
	"pairing.ErrRecordLive":               pairing.ErrRecordLive,
	"ticket.ErrTaken":                     ticket.ErrTaken,
	"ticket.ErrTooLate":                   ticket.ErrTooLate,
	"pairing.ErrTooMany":                  pairing.ErrTooMany,
	"ticket.ErrUnavailable":               ticket.ErrUnavailable,
	"ticket.ErrUnknownAsk":                ticket.ErrUnknownAsk,
	"ticket.ErrWrongRound":                ticket.ErrWrongRound,
	"ratelimit.ErrTooOften":               ratelimit.ErrTooOften,
	"realtime.ErrClosed":                  realtime.ErrClosed,
	"realtime.ErrContested":               realtime.ErrContested,
	"realtime.ErrSilent":                  realtime.ErrSilent,
	"realtime.ErrStopping":                realtime.ErrStopping,
	"rooms.ErrNotRouted":                  rooms.ErrNotRouted,
	"rooms.ErrUnable":                     rooms.ErrUnable,
	"rooms.ErrShared":                     rooms.ErrShared,
	"sqldb.ErrClosed":                     sqldb.ErrClosed,
	"sqldb.ErrDuplicate":                  sqldb.ErrDuplicate,
	"sqldb.ErrOutcomeUnknown":             sqldb.ErrOutcomeUnknown,
	"sqldb.ErrNewerSchema":                sqldb.ErrNewerSchema,
	"sqldb.ErrDamaged":                    sqldb.ErrDamaged,
	"backup.ErrNoStore":                   backup.ErrNoStore,
	"backup.ErrOccupied":                  backup.ErrOccupied,
	"backup.ErrForeign":                   backup.ErrForeign,
	"sqldb.ErrServed":                     sqldb.ErrServed,
	"sqldb.ErrSlow":                       sqldb.ErrSlow,
	"sqldb.ErrUnavailable":                sqldb.ErrUnavailable,
	"switches.ErrChanged":                 switches.ErrChanged,
	"switches.ErrInvalid":                 switches.ErrInvalid,
	"translation.ErrLanguage":             translation.ErrLanguage,
	"translation.ErrTooLong":              translation.ErrTooLong,
	"translation.ErrTooMany":              translation.ErrTooMany,
	"translation.ErrUnfinished":           translation.ErrUnfinished,
	"uploads.ErrQuota":                    uploads.ErrQuota,
	"uploads.ErrBusy":                     uploads.ErrBusy,
	"uploads.ErrEmpty":                    uploads.ErrEmpty,
	"uploads.ErrNotFound":                 uploads.ErrNotFound,
	"uploads.ErrTooLarge":                 uploads.ErrTooLarge,
	"uploads.ErrType":                     uploads.ErrType,
	"vendors.ErrBlocked":                  vendors.ErrBlocked,
	"vendors.ErrBreakerOpen":              vendors.ErrBreakerOpen,
	"vendors.ErrBulkhead":                 vendors.ErrBulkhead,
	"vendors.ErrConflict":                 vendors.ErrConflict,
	"vendors.ErrInsufficient":             vendors.ErrInsufficient,
	"vendors.ErrInvalid":                  vendors.ErrInvalid,
	"vendors.ErrNotDone":                  vendors.ErrNotDone,
	"groups.ErrAccountGone":               groups.ErrAccountGone,
	"groups.ErrNoPerson":                  groups.ErrNoPerson,
	"groups.ErrTooMany":                   groups.ErrTooMany,
	"vendors.ErrNoVendor":                 vendors.ErrNoVendor,
	"vendors.ErrPartial":                  vendors.ErrPartial,
	"vendors.ErrUntried":                  vendors.ErrUntried,
	"vendors.ErrNotFound":                 vendors.ErrNotFound,
	"vendors.ErrQuiet":                    vendors.ErrQuiet,
	"vendors.ErrThrottled":                vendors.ErrThrottled,
	"vendors.ErrTooLarge":                 vendors.ErrTooLarge,
	"vendors.ErrUnknownCode":              vendors.ErrUnknownCode,
	"vendors.ErrUnreadable":               vendors.ErrUnreadable,
	"vendors.ErrUnsupported":              vendors.ErrUnsupported,
	"wallet.ErrInsufficient":              wallet.ErrInsufficient,
	"ticket.ErrNeedSights":                ticket.ErrNeedSights,
	"ticket.ErrNeedFunds":                 ticket.ErrNeedFunds,
	"ticket.ErrStillWaiting":              ticket.ErrStillWaiting,
	"users.ErrShared":                     users.ErrShared,
	"users.ErrGroups":                     users.ErrGroups,
	"users.ErrStays":                      users.ErrStays,
	"users.ErrUntold":                     users.ErrUntold,
}

// mixtures are errors that hold more than one cause, and those of the transport.
var mixtures = map[string]error{
	"a commit in doubt":        fmt.Errorf("%w: %w", sqldb.ErrUnavailable, sqldb.ErrOutcomeUnknown),
	"an unable vendor":         &rooms.UnableError{Vendor: "acme", What: "fly", Able: []string{"other"}},
	"a busy asker":             &ticket.BusyError{AskNo: "ask-1"},
	"a later retry":            &pairing.RetryError{Err: pairing.ErrClosed, After: 1500e6},
	"a write in doubt":         &vendors.Error{Op: "x", Outcome: vendors.Ambiguous, Effect: vendors.Write, Err: errors.New("secret")},
	"a write not recorded":     &vendors.Error{Op: "x", Outcome: vendors.Ambiguous, Effect: vendors.Write, Sent: true, Err: sqldb.ErrUnavailable},
	"a read in doubt":          &vendors.Error{Op: "x", Outcome: vendors.Ambiguous, Effect: vendors.Read, Err: errors.New("secret")},
	"a vendor's no":            &vendors.Error{Op: "x", Outcome: vendors.DefiniteNo, Text: "secret"},
	"a shut breaker":           &vendors.Error{Op: "x", Outcome: vendors.NotSent, Err: vendors.ErrBreakerOpen, RetryAfter: 11500e6},
	"no free place":            &vendors.Error{Op: "x", Outcome: vendors.Throttled, Err: vendors.ErrBulkhead, RetryAfter: 1e9},
	"a throttled call":         &vendors.Error{Op: "x", Outcome: vendors.Throttled, RetryAfter: 1500e6},
	"a vendor's bad key":       &vendors.Error{Op: "x", Outcome: vendors.AuthFault},
	"a vendor's not found":     &vendors.Error{Op: "x", Outcome: vendors.DefiniteNo, Err: vendors.ErrNotFound},
	"fiber's bad request":      fiber.NewError(400, "secret"),
	"fiber's no path":          fiber.NewError(404, "Cannot GET /secret"),
	"fiber's other method":     fiber.NewError(405, "secret"),
	"fiber's large body":       fiber.ErrRequestEntityTooLarge,
	"fiber's upgrade required": fiber.ErrUpgradeRequired,
	"fiber's large head":       fiber.NewError(431, "secret"),
	"fiber's own failure":      fiber.NewError(502, "secret"),
	"an unknown error":         errors.New("secret"),
}

var update = flag.Bool("update", false, "write testdata/answers.txt anew")

// Every error of every domain has one answer in each family, and it stays as it
// is: clients read it.
func TestEveryErrorHasItsAnswerInEveryFamily(t *testing.T) {
	const golden = "testdata/answers.txt"
	got := answers(t)
	if *update {
		if err := os.WriteFile(golden, []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	raw, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	want := strings.Split(strings.TrimSuffix(string(raw), "\n"), "\n")
	for i := range max(len(got), len(want)) {
		if i >= len(got) || i >= len(want) || got[i] != want[i] {
			t.Fatalf("line %d:\n got %s\nwant %s", i+1, slices.Concat(got, []string{"nothing"})[min(i, len(got))], slices.Concat(want, []string{"nothing"})[min(i, len(want))])
		}
	}
}

// answers has a line for each error in each family. A domain's sentinel comes
// wrapped, as domains return it.
func answers(t *testing.T) (lines []string) {
	t.Helper()
	all := map[string]error{}
	for name, err := range sentinels {
		all[name] = fmt.Errorf("before: %w: behind", err)
	}
	for name, err := range mixtures {
		all[name] = err
	}
	seconds := regexp.MustCompile(`"time":\d+`)
	for name, err := range all {
		for path, failure := range families {
			web := fiber.New(fiber.Config{ErrorHandler: failure})
			web.Get(path, func(*fiber.Ctx) error { return err })
			res, err := web.Test(httptest.NewRequest(http.MethodGet, path, nil))
			if err != nil {
				t.Fatal(err)
			}
			body, _ := io.ReadAll(res.Body)
			res.Body.Close()
			line := fmt.Sprintf("%s %s: %d %s", name, path, res.StatusCode, seconds.ReplaceAll(body, []byte(`"time":0`)))
			if after := res.Header.Get("Retry-After"); after != "" {
				line += " Retry-After " + after
			}
			lines = append(lines, line)
		}
	}
	slices.Sort(lines)
	return lines
}

// families answer each in an envelope of their own; one path stands for each.
var families = map[string]fiber.ErrorHandler{
	"/api/v1/x": product.Failure, "/send_msg": gateway.Failure, "/im/users": im.Failure, "/admin/routes": handlers.PlainFailure,
}

// The table of sentinels is complete: it has each that a domain exports.
func TestEverySentinelIsListed(t *testing.T) {
	dirs := []string{"../vendors", "../middleware"}
	err := filepath.WalkDir("../app", func(path string, entry os.DirEntry, err error) error {
		if err == nil && entry.IsDir() && path != "../app" {
			dirs = append(dirs, path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			if strings.HasSuffix(file, "_test.go") {
				continue
			}
			for _, name := range exportedErrors(t, file) {
				found++
				if sentinels[name] == nil {
					t.Errorf("%s has no answers listed", name)
				}
			}
		}
	}
	if found != len(sentinels) {
		t.Errorf("%d sentinels in the source, %d listed", found, len(sentinels))
	}
}

// exportedErrors are the package-level variables Err... of one file.
func exportedErrors(t *testing.T, path string) (names []string) {
	t.Helper()
	file, err := parser.ParseFile(token.NewFileSet(), path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	for _, decl := range file.Decls {
		group, ok := decl.(*ast.GenDecl)
		if !ok || group.Tok != token.VAR {
			continue
		}
		for _, spec := range group.Specs {
			for _, name := range spec.(*ast.ValueSpec).Names {
				if strings.HasPrefix(name.Name, "Err") {
					names = append(names, file.Name.Name+"."+name.Name)
				}
			}
		}
	}
	return names
}
