package linkv

import "switchboard/vendors"

// maxTargets bounds the receivers of one call. LinkV names no number
// (docs/vendors/linkv.md#messages); this one is ours, so that a lost answer leaves
// few people in doubt.
const maxTargets = 100

// maxMutes bounds how many members one call mutes or unmutes. The number is ours
// too: LinkV takes one at a time.
const maxMutes = 20

// idLimit is what LinkV takes as a user id (docs/vendors/linkv.md#tokens). No rule is published for
// group and room ids; the same is asked of them, since some calls join ids by
// commas.
var idLimit = vendors.Limit{IDBytes: 64, IDLetter: idLetter}

// limits are LinkV's published numbers (docs/vendors/linkv.md#limits). It names no rates.
var limits = vendors.Limits{
	vendors.OpTokenIssue:    {IDBytes: idLimit.IDBytes, IDLetter: idLetter, Bytes: maxPortrait},
	vendors.OpUserBlock:     targets(maxTargets),
	vendors.OpBlacklist:     targets(maxTargets),
	vendors.OpSendUser:      targets(maxTargets),
	vendors.OpSendGroup:     targets(1),
	vendors.OpSendChatRoom:  targets(1),
	vendors.OpPresence:      targets(1),
	vendors.OpBalance:       idLimit,
	vendors.OpAdjust:        idLimit,
	vendors.OpOrder:         idLimit,
	vendors.OpGroup:         idLimit,
	vendors.OpGroupRename:   idLimit,
	vendors.OpGroupTransfer: idLimit,
	vendors.OpGroupMembers:  idLimit,
	vendors.OpUserGroups:    idLimit,
	vendors.OpMemberMute:    targets(maxMutes),
	vendors.OpMemberUnmute:  targets(maxMutes),
	vendors.OpGroupMute:     idLimit,
	vendors.OpGroupUnmute:   idLimit,
}

// traits: a block is counted in minutes, and LinkV publishes no call that ends it early;
// a mute has no time (docs/vendors/linkv.md#groups).
var traits = vendors.Traits{
	Block:      vendors.HoldTimed,
	MemberMute: vendors.HoldOpen | vendors.HoldLifted,
	Content:    "linkv",
}

func targets(n int) vendors.Limit {
	l := idLimit
	l.Targets = n
	return l
}

func idLetter(b byte) bool {
	switch {
	case b >= 'a' && b <= 'z', b >= 'A' && b <= 'Z', b >= '0' && b <= '9':
		return true
	}
	return b == '+' || b == '=' || b == '-' || b == '_'
}

// Lengths of a profile in bytes (docs/vendors/linkv.md#tokens). The portrait's
// also stands in the limits, as what a token is issued with.
const (
	maxName     = 128
	maxPortrait = 1024
)
