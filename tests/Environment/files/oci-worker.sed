# Takes the stargz and fuse-overlayfs snapshotters, which Debian lacks, out of BuildKit's cmd/buildkitd/main_oci_worker.go.
/case "stargz":/,/^	default:/{/^	default:/!d}
/case "fuse-overlayfs":/,/^	default:/{/^	default:/!d}
/^const (/,/^)/d
/^\/\/ sourceWithSession returns/,/^}/d
/if err2 := fuseoverlayfs.Supported/,/^			}$/c\
			name = "native"
/^	"fmt"$/d
/^	"path\/filepath"$/d
/^	"strings"$/d
/fuse-overlayfs-snapshotter/d
/containerd\/stargz-snapshotter/d
/buildkit\/util\/resolver"/d
/pelletier\/go-toml"/d
/sirupsen\/logrus"/d
/containerd\/v2\/pkg\/reference"/d
