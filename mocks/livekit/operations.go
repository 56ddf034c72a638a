package livekit

import (
	"net/http"
	"strings"

	"switchboard/mocks/mock"
)

// methods are the calls: their names in journal and fault rules, the vendor's, what goes
// in and comes out, and the grant that each needs (docs/vendors/livekit.md#grants).
var methods = []struct {
	op, path, request, response string
	grant                       func(grant, *mock.Call) bool
	serve                       func(*App, *mock.Call) mock.Answer
}{
	{"room.create", "RoomService/CreateRoom", "CreateRoomRequest", "Room", creates, (*App).createRoom},
	{"room.list", "RoomService/ListRooms", "ListRoomsRequest", "ListRoomsResponse", lists, (*App).listRooms},
	{"room.delete", "RoomService/DeleteRoom", "RoomName", "Empty", creates, (*App).deleteRoom},
	{"room.metadata", "RoomService/UpdateRoomMetadata", "UpdateRoomMetadataRequest", "Room", admins, (*App).roomMetadata},
	{"participant.list", "RoomService/ListParticipants", "RoomName", "ListParticipantsResponse", admins, (*App).listParticipants},
	{"participant.get", "RoomService/GetParticipant", "RoomParticipantIdentity", "ParticipantInfo", admins, (*App).getParticipant},
	{"participant.remove", "RoomService/RemoveParticipant", "RoomParticipantIdentity", "Empty", admins, (*App).removeParticipant},
	{"participant.update", "RoomService/UpdateParticipant", "UpdateParticipantRequest", "ParticipantInfo", admins, (*App).updateParticipant},
	{"track.mute", "RoomService/MutePublishedTrack", "MuteRoomTrackRequest", "MuteRoomTrackResponse", admins, (*App).muteTrack},
	{"subscription.update", "RoomService/UpdateSubscriptions", "UpdateSubscriptionsRequest", "Empty", admins, (*App).updateSubscriptions},
	{"data.send", "RoomService/SendData", "SendDataRequest", "Empty", admins, (*App).sendData},
	{"participant.forward", "RoomService/ForwardParticipant", "DestinationRequest", "Empty", admins, (*App).cloudOnly},
	{"participant.move", "RoomService/MoveParticipant", "DestinationRequest", "Empty", admins, (*App).cloudOnly},
	{"egress.start", "Egress/StartRoomCompositeEgress", "RoomCompositeEgressRequest", "EgressInfo", records, (*App).startEgress},
	{"egress.list", "Egress/ListEgress", "ListEgressRequest", "ListEgressResponse", records, (*App).listEgress},
	{"egress.stop", "Egress/StopEgress", "StopEgressRequest", "EgressInfo", records, (*App).stopEgress},
}

func creates(g grant, _ *mock.Call) bool { return g.RoomCreate }
func lists(g grant, _ *mock.Call) bool   { return g.RoomList }
func records(g grant, _ *mock.Call) bool { return g.RoomRecord }
func admins(g grant, c *mock.Call) bool  { return g.RoomAdmin && g.Room == c.JSON["room"] }

// requests, responses and grants are columns of methods, by operation.
var (
	requests, responses = map[string]string{}, map[string]string{}
	grants              = map[string]func(grant, *mock.Call) bool{}
)

func operations() (out []mock.Operation[*App]) {
	for _, m := range methods {
		out = append(out, mock.Operation[*App]{Name: m.op, Path: "/twirp/livekit." + m.path, When: encodable, Serve: func(a *App, c *mock.Call) mock.Answer {
			a.sweep(c.Now)
			return m.serve(a, c)
		}})
	}
	return out
}

// The mock's own codes for what the server refuses before Twirp, in plain text.
const (
	codeGarbage = "garbage"
	codeToken   = "token: " // and the reason
	codeGrant   = "grant"
)

// statuses are Twirp's, by code.
var statuses = map[string]int{
	"invalid_argument": 400, "malformed": 400, "out_of_range": 400, "unauthenticated": 401, "permission_denied": 403, "not_found": 404, "bad_route": 404,
	"already_exists": 409, "aborted": 409, "failed_precondition": 412, "resource_exhausted": 429, "canceled": 408, "deadline_exceeded": 408,
	"unimplemented": 501, "unavailable": 503, "internal": 500, "unknown": 500, "dataloss": 500,
}

// fail is Twirp's failure.
func fail(code, msg string) mock.Answer {
	status := statuses[code]
	if status == 0 {
		status, code = http.StatusInternalServerError, "internal"
	}
	return mock.Answer{Status: status, Type: "application/json", Code: code, Body: failure{code, msg}}
}

type failure struct {
	Code string `json:"code"`
	Msg  string `json:"msg"`
}

// ok is a good answer of the operation's own message.
func ok(c *mock.Call, body map[string]any) mock.Answer {
	return mock.Answer{Type: "application/json", Body: complete(responses[c.Op], body)}
}

func plain(status int, text string) mock.Answer {
	return mock.Answer{Status: status, Type: "text/plain; charset=utf-8", Body: text, Code: strings.SplitN(text, ":", 2)[0]}
}

// refuse answers what reaches no method. A refused token comes back whole, as the
// server has it.
func refuse(c *mock.Call, p mock.Problem) mock.Answer {
	switch p.Kind {
	case mock.UnknownPath:
		if service, method, _ := strings.Cut(strings.TrimPrefix(c.Path, "/twirp/livekit."), "/"); (service == "RoomService" || service == "Egress") && method != "" {
			return fail("bad_route", "no handler for path \""+c.Path+"\"")
		}
		return plain(http.StatusNotFound, "404 page not found\n")
	case mock.WrongMethod:
		return fail("bad_route", "unexpected Content-Type: \""+c.Header("Content-Type")+"\"")
	case mock.UnknownSender, mock.BadSignature:
		return refuseToken(c, p)
	case mock.Invalid:
		if p.Violation.Rule == "json" {
			return fail("malformed", "the json request could not be decoded")
		}
		return fail("invalid_argument", p.Violation.String())
	case mock.TooLarge:
		return plain(http.StatusRequestEntityTooLarge, "http: request body too large\n")
	case mock.TooFast:
		return fail("resource_exhausted", "rate limit exceeded")
	case mock.Coded:
		return fail(p.Code, "twirp error unknown: "+p.Code)
	}
	return fail("internal", "internal error")
}

func refuseToken(c *mock.Call, p mock.Problem) mock.Answer {
	raw := bearer(c)
	t, readable := unpack(raw)
	switch why, isToken := strings.CutPrefix(p.Code, codeToken); {
	case raw == "", p.Code == codeGrant:
		return fail("unauthenticated", "permissions denied")
	case !readable:
		return plain(http.StatusUnauthorized, "invalid authorization token")
	case isToken:
		return plain(http.StatusUnauthorized, "invalid token: "+raw+", error: "+why)
	default:
		return plain(http.StatusUnauthorized, "invalid API key: "+t.Issuer)
	}
}

func init() {
	for _, m := range methods {
		requests[m.op], responses[m.op], grants[m.op] = m.request, m.response, m.grant
	}
}
