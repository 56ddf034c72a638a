package vendors

import "context"

// Deletion says what is true once Deletions.DeleteUsers answers.
type Deletion string

// The kinds of deletion.
const (
	DeletionNone  Deletion = ""
	DeletionNow   Deletion = "now"   // what the vendor kept of the user is gone, and the id is free again
	DeletionLater Deletion = "later" // the user is out; what is kept goes afterwards, and the id is refused until the vendor opens it again
)

// Deletions takes users away for good.
type Deletions interface {
	// DeleteUsers ends the users' sessions and credentials, and has the vendor take away
	// what it keeps of them. Traits.Delete says when that is done; where it is later the
	// rows are MemberPending. Who is not there, or was deleted before, is no error, so that
	// it may be made again. What other users were sent stays theirs, and the members of
	// groups stay as they are.
	DeleteUsers(ctx context.Context, users []string) ([]MemberResult, error)
}
