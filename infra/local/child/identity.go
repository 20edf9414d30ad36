package child

import "fmt"

// Identity says with whose rights a child runs. The zero value is the parent's own.
type Identity struct {
	kind identityKind
	uid  int
	gid  int
}

type identityKind int

const (
	own identityKind = iota
	namespaced
	other
)

// namespaceUser is what root is called inside the namespace of a Namespaced child: anything but 0, which servers refuse.
const namespaceUser = 1000

// Namespaced keeps the parent's rights to files while the child, in a user namespace of its own, sees itself as an
// ordinary user: for servers that refuse to run as root. Files it makes belong to the parent's user.
func Namespaced() Identity { return Identity{kind: namespaced} }

// As is another user of this machine; only root may start such a child.
func As(uid, gid int) Identity { return Identity{kind: other, uid: uid, gid: gid} }

// User returns the user and group that files for this identity must belong to, and whether it is another than the parent's.
func (i Identity) User() (uid, gid int, another bool) { return i.uid, i.gid, i.kind == other }

// String says the identity in the words of a log line.
func (i Identity) String() string {
	switch i.kind {
	case namespaced:
		return "in a user namespace"
	case other:
		return fmt.Sprintf("as user %d", i.uid)
	default:
		return "as the current user"
	}
}
