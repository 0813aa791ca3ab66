// The system calls of a room: allowed, refused with EPERM (so that an attempt is seen and survived), or deadly.
// What stands in none of these lists ends the process.

/// Names of system calls, as libseccomp knows them. A name that the architecture does not have is passed over.
enum SystemCalls {
    /// What the Swift runtime, the C library, NIO, libdispatch and TLS need in every room.
    static let everywhere =
        memory + threads + signals + time + identity + descriptors + reading + sockets

    static let memory = words("brk munmap mremap madvise mincore msync mlock mlock2 munlock membarrier mseal")

    static let threads = words(
        """
        exit exit_group futex futex_waitv futex_wait futex_wake futex_requeue set_robust_list get_robust_list
        set_tid_address rseq gettid sched_yield sched_getaffinity sched_setaffinity sched_getparam
        sched_getscheduler sched_setscheduler sched_setparam sched_getattr sched_get_priority_max
        sched_get_priority_min getpriority restart_syscall arch_prctl getcpu map_shadow_stack
        """)

    /// The async main of Swift parks in rt_sigsuspend.
    static let signals = words(
        """
        rt_sigaction rt_sigprocmask rt_sigreturn rt_sigsuspend rt_sigpending rt_sigtimedwait sigaltstack pause
        signalfd signalfd4 wait4 waitid
        """)

    static let time = words(
        """
        clock_gettime clock_getres clock_nanosleep nanosleep gettimeofday time times getitimer setitimer alarm
        timer_create timer_settime timer_gettime timer_getoverrun timer_delete timerfd_create timerfd_settime
        timerfd_gettime
        """)

    static let identity = words(
        """
        getpid getppid getuid geteuid getgid getegid getresuid getresgid getgroups getpgid getpgrp getsid capget
        uname sysinfo getrusage getrlimit getrandom getcwd umask
        """)

    static let descriptors = words(
        """
        read write readv writev pread64 pwrite64 preadv pwritev preadv2 pwritev2 lseek close close_range dup dup2
        dup3 fcntl pipe pipe2 eventfd eventfd2 epoll_create epoll_create1 epoll_ctl epoll_wait epoll_pwait
        epoll_pwait2 poll ppoll select pselect6 inotify_init inotify_init1 inotify_add_watch inotify_rm_watch
        fadvise64 sendfile
        """)

    /// Looking at files. Which ones, Landlock decides.
    static let reading = words(
        """
        open openat openat2 creat stat lstat fstat newfstatat statx statfs fstatfs access faccessat faccessat2
        readlink readlinkat getdents getdents64 chdir fchdir
        """)

    /// Everything on a socket that exists.
    static let sockets = words(
        """
        accept accept4 listen shutdown getsockname getpeername getsockopt setsockopt sendto recvfrom sendmsg recvmsg
        sendmmsg recvmmsg
        """)

    /// Only for a room that keeps files: the segments, and SQLite with its locks and shared memory.
    static let keeping = words(
        """
        fsync fdatasync sync_file_range syncfs ftruncate truncate fallocate rename renameat renameat2 unlink unlinkat
        mkdir mkdirat rmdir link linkat chmod fchmod fchmodat fchmodat2 utime utimes utimensat futimesat flock
        copy_file_range readahead
        """)

    /// What an intruder would try. Refused rather than deadly, so that the refusal can be shown while the room works.
    static let refused =
        processes + privileges + machine + kernel + foreignMemory + oddFiles + systemV

    static let processes = words(
        """
        execve execveat fork vfork ptrace kcmp tkill rt_sigqueueinfo rt_tgsigqueueinfo pidfd_open
        pidfd_getfd pidfd_send_signal setpgid setsid unshare setns
        """)

    static let privileges = words(
        """
        setuid setgid setreuid setregid setresuid setresgid setfsuid setfsgid setgroups capset setrlimit seccomp
        landlock_create_ruleset landlock_add_rule landlock_restrict_self add_key request_key keyctl
        """)

    static let machine = words(
        """
        mount umount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
        swapon swapoff reboot sethostname setdomainname settimeofday clock_settime clock_settime64 adjtimex
        clock_adjtime stime acct quotactl quotactl_fd vhangup syslog iopl ioperm personality sync ioprio_set nice
        """)

    static let kernel = words(
        """
        init_module finit_module delete_module create_module query_module kexec_load kexec_file_load bpf
        perf_event_open io_uring_setup io_uring_enter io_uring_register io_setup io_submit io_getevents io_pgetevents
        io_cancel io_destroy userfaultfd fanotify_init fanotify_mark lookup_dcookie nfsservctl _sysctl sysfs uselib
        modify_ldt vm86 vm86old
        """)

    static let foreignMemory = words(
        """
        process_vm_readv process_vm_writev process_madvise process_mrelease migrate_pages move_pages mbind
        set_mempolicy set_mempolicy_home_node remap_file_pages pkey_mprotect memfd_create memfd_secret
        """)

    static let oddFiles = words(
        """
        open_by_handle_at name_to_handle_at mknod mknodat symlink symlinkat chown fchown lchown fchownat setxattr
        lsetxattr fsetxattr removexattr lremovexattr fremovexattr getxattr lgetxattr fgetxattr listxattr llistxattr
        flistxattr splice tee vmsplice
        """)

    static let systemV = words(
        """
        shmget shmat shmctl shmdt semget semop semtimedop semctl msgget msgsnd msgrcv msgctl mq_open mq_unlink
        mq_timedsend mq_timedreceive mq_notify mq_getsetattr
        """)

    private static func words(_ text: String) -> [String] {
        text.split(whereSeparator: \.isWhitespace).map(String.init)
    }
}
