package youme

import "switchboard/vendors"

// limits are YouMe's published numbers (reference/youme.md 3); for user calls
// Targets counts the records of one page. It publishes no rates and no rule
// for ids but that they are not empty.
var limits = vendors.Limits{
	vendors.OpRoomPush:      {Bytes: 2048},
	vendors.OpRoomUserCalls: {Targets: 100},
}
