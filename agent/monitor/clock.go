package monitor

import (
	"syscall"
	"unsafe"
)

// stampSize is the length of a time stamp.
const stampSize = len("2026-01-02T03:04:05.000000006Z")

// now is the time of day as RFC 3339 with nanoseconds, in UTC. Package time would do it too, for 60 KB of memory in
// every monitor.
func now() [stampSize]byte {
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, 0, uintptr(unsafe.Pointer(&t)), 0)
	return stamp(int64(t.Sec), int64(t.Nsec))
}

// uptime is in seconds, and goes on whoever sets the clock.
func uptime() int64 {
	const monotonic = 1
	var t syscall.Timespec
	syscall.RawSyscall(syscall.SYS_CLOCK_GETTIME, monotonic, uintptr(unsafe.Pointer(&t)), 0)
	return int64(t.Sec)
}

func stamp(seconds, nanoseconds int64) [stampSize]byte {
	days, rest := seconds/86400, seconds%86400
	year, month, day := date(days)
	var s [stampSize]byte
	copy(s[:], "0000-00-00T00:00:00.000000000Z")
	digits(s[0:4], year)
	digits(s[5:7], month)
	digits(s[8:10], day)
	digits(s[11:13], rest/3600)
	digits(s[14:16], rest/60%60)
	digits(s[17:19], rest%60)
	digits(s[20:29], nanoseconds)
	return s
}

func digits(into []byte, value int64) {
	for i := len(into) - 1; i >= 0; i-- {
		into[i] = byte('0' + value%10)
		value /= 10
	}
}

// date turns days since 1970-01-01 into a date. It counts years from March, so that a leap day is the last day of
// its year, in eras of 400 years, which all have the same number of days.
func date(days int64) (year, month, day int64) {
	const era = 146097
	days += 719468 // from 0000-03-01
	eras, inEra := days/era, days%era
	yearOfEra := (inEra - inEra/1460 + inEra/36524 - inEra/146096) / 365
	dayOfYear := inEra - (365*yearOfEra + yearOfEra/4 - yearOfEra/100)
	fromMarch := (5*dayOfYear + 2) / 153
	day = dayOfYear - (153*fromMarch+2)/5 + 1
	month = fromMarch + 3
	if month > 12 {
		month -= 12
	}
	year = eras*400 + yearOfEra
	if month <= 2 {
		year++
	}
	return year, month, day
}

// decimal appends a number.
func decimal(to []byte, value int64) []byte {
	if value < 0 {
		return decimal(append(to, '-'), -value)
	}
	if value >= 10 {
		to = decimal(to, value/10)
	}
	return append(to, byte('0'+value%10))
}
