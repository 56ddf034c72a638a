// Package ordered keeps values in an order that is given with each: by a key and,
// among equals, by a tie.
package ordered

import "github.com/tidwall/btree"

// Place is where a value stands. A set holds one value at a place.
type Place struct {
	Key int64
	Tie uint64
}

// Next is the first place behind p.
func (p Place) Next() Place {
	if p.Tie++; p.Tie == 0 {
		p.Key++
	}
	return p
}

// First is before every other place.
var First = Place{Key: -1 << 63}

// Set is a set of placed values. It is not safe for concurrent use; the zero
// value is not usable.
type Set[V any] struct{ tree *btree.BTreeG[placed[V]] }

type placed[V any] struct {
	at    Place
	value V
}

// NewSet returns an empty set.
func NewSet[V any]() Set[V] {
	return Set[V]{btree.NewBTreeGOptions(func(a, b placed[V]) bool {
		return a.at.Key < b.at.Key || a.at.Key == b.at.Key && a.at.Tie < b.at.Tie
	}, btree.Options{NoLocks: true})}
}

// Len is how many values there are.
func (s Set[V]) Len() int { return s.tree.Len() }

// Put sets the value at a place.
func (s Set[V]) Put(at Place, v V) { s.tree.Set(placed[V]{at, v}) }

// Remove clears a place.
func (s Set[V]) Remove(at Place) { s.tree.Delete(placed[V]{at: at}) }

// From visits the values that are not before at, in order, until visit returns
// false. visit must not change the set.
func (s Set[V]) From(at Place, visit func(V) bool) {
	s.tree.Ascend(placed[V]{at: at}, func(p placed[V]) bool { return visit(p.value) })
}

// Min returns the first value and its place; false: there is none.
func (s Set[V]) Min() (at Place, v V, ok bool) {
	p, ok := s.tree.Min()
	return p.at, p.value, ok
}
