// The release that hellos, `status` and `--version` name.

package let release = "0.1.0"
