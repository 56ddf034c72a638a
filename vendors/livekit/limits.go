package livekit

import "switchboard/vendors"

const maxID = 256 // bytes of a room's name, an identity, a user's name

// limits are the server's defaults (docs/vendors/livekit.md#limits). It limits no
// rates. A text travels in a packet with its names around it.
var limits = vendors.Limits{
	vendors.OpRoomToken:      {IDBytes: maxID},
	vendors.OpRoomStatus:     {IDBytes: maxID},
	vendors.OpRoomUsers:      {IDBytes: maxID},
	vendors.OpRoomSpeakers:   {IDBytes: maxID},
	vendors.OpRoomKick:       {IDBytes: maxID},
	vendors.OpRoomDissolve:   {IDBytes: maxID},
	vendors.OpRoomPermission: {IDBytes: maxID},
	vendors.OpRoomMute:       {IDBytes: maxID},
	vendors.OpRoomRecord:     {IDBytes: maxID},
	vendors.OpRoomRecordings: {IDBytes: maxID},
	vendors.OpRoomPush:       {IDBytes: maxID, Bytes: 12 << 10},
	vendors.OpRoomData:       {IDBytes: maxID, Bytes: maxPacket},
}

// traits: the server keeps nobody out, and drops events that it could not deliver for 30
// seconds (docs/vendors/livekit.md#webhooks).
var traits = vendors.Traits{Callbacks: vendors.CallbackTerms{Retries: 4, Ordered: true, Lossy: true}}

const (
	maxPacket = 15 << 10 // bytes of a reliable packet
	maxLossy  = 1300     // bytes of one that is sent once: it has to fit into one datagram
)
