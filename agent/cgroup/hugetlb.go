package cgroup

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"pulumi-slipway/agent/api"
)

// hugetlbMax limits huge pages of each size.
var hugetlbMax = hugePages{label{"hugetlb", "", "hugetlb"}}

type hugePages struct{ label }

func (k hugePages) isSet(r *api.GroupResources) bool { return len(r.Hugetlb) > 0 }

func (k hugePages) wrong(r *api.GroupResources) []string {
	var all []string
	for _, h := range r.Hugetlb {
		if bytesOf(h.PageSize) == 0 {
			all = append(all, fmt.Sprintf("`hugetlb`: a size of pages is like \"2MB\" or \"1GB\", got %q", h.PageSize))
		}
		if text := amounts.refuse("`hugetlb` of "+h.PageSize, h.Max, true); text != "" {
			all = append(all, text)
		}
	}
	return all
}

func hugetlbFile(size string, version int) string {
	if version == 1 {
		return "hugetlb." + size + ".limit_in_bytes"
	}
	return "hugetlb." + size + ".max"
}

// settings lift the limit of every size that is not named.
func (k hugePages) settings(p place, wanted *api.GroupResources) ([]Setting, error) {
	sizes, err := k.sizes(p)
	if err != nil {
		return nil, err
	}
	var all []Setting
	for _, h := range wanted.Hugetlb {
		name := hugetlbFile(h.PageSize, p.version)
		all = append(all, Setting{Path: p.path(name), Value: word(name, p.version, h.Max)})
	}
	for _, size := range sizes {
		if !slices.ContainsFunc(wanted.Hugetlb, func(h api.Hugetlb) bool { return h.PageSize == size }) {
			name := hugetlbFile(size, p.version)
			all = append(all, Setting{Path: p.path(name), Value: word(name, p.version, api.Unlimited), Optional: true})
		}
	}
	return all, nil
}

// sizes are those the kernel has, in the words of the files.
func (k hugePages) sizes(p place) ([]string, error) {
	entries, err := os.ReadDir("/sys/kernel/mm/hugepages")
	if errors.Is(err, os.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("look for huge pages: %w", err)
	}
	var found []string
	for _, entry := range entries {
		var kilobytes int64
		if _, err := fmt.Sscanf(entry.Name(), "hugepages-%dkB", &kilobytes); err == nil {
			found = append(found, pageSize(kilobytes))
		}
	}
	return found, nil
}

// pageSize is how the files of control groups call a size.
func pageSize(kilobytes int64) string {
	switch {
	case kilobytes >= 1<<20:
		return fmt.Sprintf("%dGB", kilobytes>>20)
	case kilobytes >= 1<<10:
		return fmt.Sprintf("%dMB", kilobytes>>10)
	}
	return fmt.Sprintf("%dKB", kilobytes)
}

func (k hugePages) read(p place, wanted, found *api.GroupResources) error {
	for _, h := range wanted.Hugetlb {
		held, err := number(p.path(hugetlbFile(h.PageSize, p.version)))
		if err != nil {
			return err
		}
		// The kernel rounds down to whole pages.
		if h.Max != api.Unlimited && held <= h.Max && h.Max-held < bytesOf(h.PageSize) {
			held = h.Max
		}
		found.Hugetlb = append(found.Hugetlb, api.Hugetlb{PageSize: h.PageSize, Max: held})
	}
	return nil
}

func bytesOf(size string) int64 {
	var n int64
	var unit string
	if _, err := fmt.Sscanf(size, "%d%s", &n, &unit); err != nil {
		return 0
	}
	return n << map[string]int{"KB": 10, "MB": 20, "GB": 30}[unit]
}

func (k hugePages) missing(p place, wanted *api.GroupResources) error {
	sizes, err := k.sizes(p)
	if err != nil {
		return err
	}
	for _, h := range wanted.Hugetlb {
		if len(sizes) > 0 && !slices.Contains(sizes, h.PageSize) {
			return fmt.Errorf("this host has huge pages of %s, and none of %s", strings.Join(sizes, " and "), h.PageSize)
		}
	}
	files, err := filepath.Glob(p.path("hugetlb.*"))
	if err != nil || len(files) > 0 {
		return err
	}
	return errors.New("this kernel has no huge pages to limit")
}
