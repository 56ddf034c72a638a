package conversationsql

// InboxQuery is the list by activity from its beginning.
var InboxQuery = inboxQuery("")

// LogQueries are those that the index of the log serves, by the least that they bind.
var LogQueries = map[string][]any{logAfter: {"", "a", 1}, logEnd: {"a"}, seqOfID: {"c", "", "c"}}

// SweepQueries are those of Sweep and Oldest.
var SweepQueries = []string{logOldest, logStep, dropLog, sweptIn}
