package conversationsql

// InboxQuery is the list by activity from its beginning.
var InboxQuery = inboxQuery("")
