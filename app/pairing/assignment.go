package pairing

// Assign returns, for each row, the column that it gets, or -1, at the lowest
// total cost (Kuhn and Munkres, by shortest augmenting paths). Forbidden marks
// a pair that must not be. Rows may outnumber columns.
func Assign(cost [][]float64) []int {
	n, m := len(cost), 0
	for _, row := range cost {
		m = max(m, len(row))
	}
	size := max(n, m)
	at := func(i, j int) float64 {
		if i < n && j < m {
			return min(cost[i][j], Forbidden)
		}
		return Forbidden
	}
	u, v := make([]float64, size+1), make([]float64, size+1)
	match, way := make([]int, size+1), make([]int, size+1)
	for i := 1; i <= n; i++ {
		augment(i, size, at, u, v, match, way)
	}
	out := make([]int, n)
	for i := range out {
		out[i] = -1
	}
	for j := 1; j <= m; j++ {
		if i := match[j]; i > 0 && cost[i-1][j-1] < Forbidden {
			out[i-1] = j - 1
		}
	}
	return out
}

// Forbidden outweighs any sum of real costs.
const Forbidden = 1e9

func augment(i, size int, at func(i, j int) float64, u, v []float64, match, way []int) {
	least := make([]float64, size+1)
	used := make([]bool, size+1)
	for j := range least {
		least[j] = 1e18
	}
	match[0] = i
	j0 := 0
	for match[j0] != 0 {
		used[j0] = true
		i0, delta, j1 := match[j0], 1e18, 0
		for j := 1; j <= size; j++ {
			if used[j] {
				continue
			}
			if c := at(i0-1, j-1) - u[i0] - v[j]; c < least[j] {
				least[j], way[j] = c, j0
			}
			if least[j] < delta {
				delta, j1 = least[j], j
			}
		}
		for j := 0; j <= size; j++ {
			if used[j] {
				u[match[j]] += delta
				v[j] -= delta
			} else {
				least[j] -= delta
			}
		}
		j0 = j1
	}
	for j0 != 0 {
		match[j0] = match[way[j0]]
		j0 = way[j0]
	}
}
