package livekit

import (
	"strings"
	"sync"
)

// messages are the vendor's messages as far as the mock knows their fields
// (docs/vendors/livekit.md#messages): number, name and kind. A kind is string, bytes,
// bool, u32, i64, map (of text to text), the name of an enum, or that of a message;
// "[]" stands before those that repeat.
var messages = map[string]string{
	"CreateRoomRequest":        "1 name string, 2 empty_timeout u32, 10 departure_timeout u32, 3 max_participants u32, 5 metadata string",
	"Room":                     "1 sid string, 2 name string, 3 empty_timeout u32, 14 departure_timeout u32, 4 max_participants u32, 5 creation_time i64, 15 creation_time_ms i64, 6 turn_password string, 8 metadata string, 9 num_participants u32, 11 num_publishers u32, 10 active_recording bool",
	"ListRoomsRequest":         "1 names []string",
	"ListRoomsResponse":        "1 rooms []Room",
	"RoomName":                 "1 room string",
	"Empty":                    "",
	"pair":                     "1 key string, 2 value string", // of a map
	"ListParticipantsResponse": "1 participants []ParticipantInfo",
	"RoomParticipantIdentity":  "1 room string, 2 identity string, 3 revoke_token_ts i64",
	"ParticipantInfo": "1 sid string, 2 identity string, 3 state State, 4 tracks []TrackInfo, 5 metadata string, 6 joined_at i64, 17 joined_at_ms i64, 9 name string, 10 version u32, 11 permission ParticipantPermission, " +
		"12 region string, 13 is_publisher bool, 14 kind Kind, 15 attributes map, 16 disconnect_reason DisconnectReason",
	"ParticipantPermission":      "1 can_subscribe bool, 2 can_publish bool, 3 can_publish_data bool, 9 can_publish_sources []TrackSource, 7 hidden bool, 8 recorder bool, 10 can_update_metadata bool, 12 can_subscribe_metrics bool",
	"TrackInfo":                  "1 sid string, 2 type TrackType, 3 name string, 4 muted bool, 5 width u32, 6 height u32, 7 simulcast bool, 9 source TrackSource, 11 mime_type string, 12 mid string, 14 stereo bool, 17 stream string",
	"MuteRoomTrackRequest":       "1 room string, 2 identity string, 3 track_sid string, 4 muted bool",
	"MuteRoomTrackResponse":      "1 track TrackInfo",
	"UpdateParticipantRequest":   "1 room string, 2 identity string, 3 metadata string, 4 permission ParticipantPermission, 5 name string, 6 attributes map",
	"UpdateSubscriptionsRequest": "1 room string, 2 identity string, 3 track_sids []string, 4 subscribe bool",
	"SendDataRequest":            "1 room string, 2 data bytes, 3 kind PacketKind, 4 destination_sids []string, 6 destination_identities []string, 5 topic string, 7 nonce bytes",
	"UpdateRoomMetadataRequest":  "1 room string, 2 metadata string",
	"DestinationRequest":         "1 room string, 2 identity string, 3 destination_room string",
	"RoomCompositeEgressRequest": "1 room_name string, 2 layout string, 3 audio_only bool, 4 video_only bool, 6 file EncodedFileOutput, 11 file_outputs []EncodedFileOutput",
	"EncodedFileOutput":          "2 filepath string",
	"EgressInfo":                 "1 egress_id string, 2 room_id string, 13 room_name string, 3 status EgressStatus, 10 started_at i64, 11 ended_at i64, 18 updated_at i64, 16 file_results []FileInfo, 9 error string, 21 details string",
	"FileInfo":                   "1 filename string, 2 started_at i64, 3 ended_at i64, 6 duration i64, 4 size i64, 5 location string",
	"ListEgressRequest":          "1 room_name string, 2 egress_id string, 3 active bool",
	"ListEgressResponse":         "1 items []EgressInfo",
	"StopEgressRequest":          "1 egress_id string",
	"WebhookEvent":               "1 event string, 2 room Room, 3 participant ParticipantInfo, 9 egress_info EgressInfo, 8 track TrackInfo, 6 id string, 7 created_at i64",
}

// enums are names by number.
var enums = map[string][]string{
	"State":       {"JOINING", "JOINED", "ACTIVE", "DISCONNECTED"},
	"Kind":        {"STANDARD", "INGRESS", "EGRESS", "SIP", "AGENT"},
	"TrackSource": {"UNKNOWN", "CAMERA", "MICROPHONE", "SCREEN_SHARE", "SCREEN_SHARE_AUDIO"},
	"TrackType":   {"AUDIO", "VIDEO", "DATA"},
	"PacketKind":  {"RELIABLE", "LOSSY"},
	"EgressStatus": {
		"EGRESS_STARTING", "EGRESS_ACTIVE", "EGRESS_ENDING", "EGRESS_COMPLETE", "EGRESS_FAILED", "EGRESS_ABORTED", "EGRESS_LIMIT_REACHED",
	},
	"DisconnectReason": {
		"UNKNOWN_REASON", "CLIENT_INITIATED", "DUPLICATE_IDENTITY", "SERVER_SHUTDOWN", "PARTICIPANT_REMOVED", "ROOM_DELETED", "STATE_MISMATCH", "JOIN_FAILURE",
		"MIGRATION", "SIGNAL_CLOSE", "ROOM_CLOSED", "USER_UNAVAILABLE", "USER_REJECTED", "SIP_TRUNK_FAILURE", "CONNECTION_TIMEOUT", "MEDIA_FAILURE", "AGENT_ERROR",
	},
}

// field is one member of a message.
type field struct {
	number int
	name   string // "empty_timeout"
	kind   string
	list   bool
}

// fieldsOf reads a line of messages once.
var fieldsOf = sync.OnceValue(func() map[string][]field {
	out := map[string][]field{}
	for message, line := range messages {
		for part := range strings.SplitSeq(line, ", ") {
			words := strings.Fields(part)
			if len(words) != 3 {
				continue // a message without any
			}
			number := 0
			for _, digit := range words[0] {
				number = number*10 + int(digit-'0')
			}
			kind, list := strings.CutPrefix(words[2], "[]")
			out[message] = append(out[message], field{number, words[1], kind, list})
		}
	}
	return out
})

// camel is a name as webhooks have it, and requests may.
func camel(name string) string {
	parts := strings.Split(name, "_")
	for i, p := range parts[1:] {
		if p != "" {
			parts[i+1] = strings.ToUpper(p[:1]) + p[1:]
		}
	}
	return strings.Join(parts, "")
}

// zero is the value of a member that was left out, as JSON has it; nil for a message.
func (f field) zero() any {
	switch {
	case f.list:
		return []any{}
	case f.kind == "string", f.kind == "bytes":
		return ""
	case f.kind == "bool":
		return false
	case f.kind == "u32":
		return float64(0)
	case f.kind == "i64":
		return "0"
	case f.kind == "map":
		return map[string]any{}
	case enums[f.kind] != nil:
		return enums[f.kind][0]
	}
	return nil
}
