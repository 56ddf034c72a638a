package youme

import "switchboard/vendors"

// limits are YouMe's published numbers (docs/vendors/youme.md#talk-commands). For
// user calls Targets counts the records of one page. YouMe publishes no rates and
// no rule for ids but that they are not empty.
var limits = vendors.Limits{
	vendors.OpRoomPush:      {Bytes: 2048},
	vendors.OpRoomUserCalls: {Targets: 100},
}
