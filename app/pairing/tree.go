package pairing

import "math/rand/v2"

// tree is an ordered set (a treap): insert, delete and "from here on" in
// O(log n), whatever the strategy's key is.
type tree[V any] struct {
	root *node[V]
	size int
}

// node is one member; the pool keeps it to delete by.
type node[V any] struct {
	key         int64
	tie         uint64 // makes keys unique; random where equals should be shuffled
	prio        uint64
	value       V
	left, right *node[V]
}

func (n *node[V]) before(key int64, tie uint64) bool {
	return n.key < key || n.key == key && n.tie < tie
}

func (t *tree[V]) insert(key int64, tie uint64, v V) *node[V] {
	n := &node[V]{key: key, tie: tie, prio: rand.Uint64(), value: v}
	at := &t.root
	for *at != nil && (*at).prio >= n.prio {
		if (*at).before(key, tie) {
			at = &(*at).right
		} else {
			at = &(*at).left
		}
	}
	n.left, n.right = split(*at, key, tie)
	*at = n
	t.size++
	return n
}

func split[V any](n *node[V], key int64, tie uint64) (less, rest *node[V]) {
	l, r := &less, &rest
	for n != nil {
		if n.before(key, tie) {
			*l = n
			l = &n.right
			n = n.right
		} else {
			*r = n
			r = &n.left
			n = n.left
		}
	}
	*l, *r = nil, nil
	return less, rest
}

func (t *tree[V]) remove(n *node[V]) {
	at := &t.root
	for *at != nil && *at != n {
		if (*at).before(n.key, n.tie) {
			at = &(*at).right
		} else {
			at = &(*at).left
		}
	}
	if *at == nil {
		return
	}
	*at = join(n.left, n.right)
	t.size--
}

func join[V any](l, r *node[V]) (root *node[V]) {
	at := &root
	for l != nil && r != nil {
		if l.prio > r.prio {
			*at = l
			at, l = &l.right, l.right
		} else {
			*at = r
			at, r = &r.left, r.left
		}
	}
	*at = l
	if l == nil {
		*at = r
	}
	return root
}

// from visits the members that are not before (key, tie), in order, until
// visit returns false. visit must not change the tree.
func (t *tree[V]) from(key int64, tie uint64, visit func(V) bool) { walk(t.root, key, tie, visit) }

func walk[V any](n *node[V], key int64, tie uint64, visit func(V) bool) bool {
	if n == nil {
		return true
	}
	if n.before(key, tie) {
		return walk(n.right, key, tie, visit)
	}
	return walk(n.left, key, tie, visit) && visit(n.value) && walk(n.right, key, tie, visit)
}
