// Package twelvedata owns the kind twelve_data: quotes that Twelve Data is asked for at
// an interval, within the credits of a plan. It starts no goroutine.
package twelvedata
