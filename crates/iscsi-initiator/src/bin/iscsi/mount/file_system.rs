//! Requests of the kernel: a root directory with one file.
//!
//! All of them are answered from memory or by the runtime; no thread waits for the target.

use std::ffi::OsStr;
use std::io;
use std::time::SystemTime;

use bytes::Bytes;
use fuser::{
    BsdFileFlags, Errno, FileAttr, FileHandle, FileType, Filesystem, FopenFlags, Generation, INodeNo,
    InitFlags, KernelConfig, LockOwner, OpenAccMode, OpenFlags, ReplyAttr, ReplyCreate, ReplyData,
    ReplyDirectory, ReplyEmpty, ReplyEntry, ReplyLseek, ReplyOpen, ReplyStatfs, ReplyWrite, Request,
    TimeOrNow, WriteFlags,
};
use iscsi_initiator::BlockDevice;
use tokio::sync::oneshot;

use super::Settings;
use super::attributes::{Attributes, FILE, LIFETIME};
use super::handover::{Handover, empty};
use super::limit::Limit;
use super::operations::{Sought, Unit};

/// The most bytes of a read or write of the kernel.
const LONGEST_TRANSFER: u32 = 1 << 20;
/// The most requests that the kernel sends without a program waiting for each, such as those of asynchronous I/O.
const MOST_BACKGROUND: u16 = 64;
/// `O_DSYNC`, which is part of `O_SYNC`.
const SYNCHRONOUS: i32 = rustix::fs::OFlags::DSYNC.bits().cast_signed();
const SEEK_DATA: i32 = 3;
const SEEK_HOLE: i32 = 4;
/// The size of the blocks in which statfs(2) counts.
const COUNTED: u32 = 4096;

/// A file system with one file, which is a logical unit.
pub(super) struct FileSystem {
    requests: Handover,
    file_name: String,
    attributes: Attributes,
    is_read_only: bool,
    /// Dropped with this file system, which the threads that serve it drop when it is no longer mounted.
    ended: Option<oneshot::Sender<()>>,
}

impl FileSystem {
    /// Makes a file system whose requests the current runtime answers.
    pub(super) fn new(device: BlockDevice, settings: &Settings, limit: Limit) -> Self {
        let Settings { is_read_only, allows_others, .. } = *settings;
        Self {
            requests: Handover::new(Unit::new(device, settings.punches_holes), limit),
            file_name: settings.file_name.clone(),
            attributes: Attributes::new(SystemTime::now(), is_read_only, allows_others),
            is_read_only,
            ended: None,
        }
    }

    /// Returns a receiver that gets an error when the file system is no longer mounted.
    pub(super) fn end(&mut self) -> oneshot::Receiver<()> {
        let (sender, receiver) = oneshot::channel();
        self.ended = Some(sender);
        receiver
    }

    fn of_file(&self) -> FileAttr {
        self.attributes.of_file(self.requests.unit().size())
    }

    fn attributes_of(&self, inode: INodeNo) -> Option<FileAttr> {
        match inode {
            FILE => Some(self.of_file()),
            INodeNo::ROOT => Some(self.attributes.of_root()),
            _ => None,
        }
    }
}

impl Filesystem for FileSystem {
    fn init(&mut self, _request: &Request, config: &mut KernelConfig) -> io::Result<()> {
        // Limits that the kernel does not know stay as they are.
        _ = config.set_max_write(LONGEST_TRANSFER);
        _ = config.set_max_background(MOST_BACKGROUND);
        for wanted in [InitFlags::FUSE_ASYNC_DIO, InitFlags::FUSE_DIRECT_IO_ALLOW_MMAP] {
            _ = config.add_capabilities(wanted);
        }
        Ok(())
    }

    fn lookup(&self, _request: &Request, parent: INodeNo, name: &OsStr, reply: ReplyEntry) {
        if parent == INodeNo::ROOT && name == self.file_name.as_str() {
            reply.entry(&LIFETIME, &self.of_file(), Generation(0));
        } else {
            reply.error(Errno::ENOENT);
        }
    }

    fn getattr(&self, _request: &Request, inode: INodeNo, _handle: Option<FileHandle>, reply: ReplyAttr) {
        match self.attributes_of(inode) {
            Some(attributes) => reply.attr(&LIFETIME, &attributes),
            None => reply.error(Errno::ENOENT),
        }
    }

    /// Times may be set, and stay those of the mount: programs that copy set them. The rest cannot be changed; a size is refused
    /// also where it is part of an open(2) with `O_TRUNC`.
    fn setattr(
        &self,
        _request: &Request,
        inode: INodeNo,
        mode: Option<u32>,
        user: Option<u32>,
        group: Option<u32>,
        size: Option<u64>,
        _accessed: Option<TimeOrNow>,
        _modified: Option<TimeOrNow>,
        _changed: Option<SystemTime>,
        _handle: Option<FileHandle>,
        _created: Option<SystemTime>,
        _changed_attributes: Option<SystemTime>,
        _backed_up: Option<SystemTime>,
        _flags: Option<BsdFileFlags>,
        reply: ReplyAttr,
    ) {
        let Some(attributes) = self.attributes_of(inode) else { return reply.error(Errno::ENOENT) };
        let keeps_size = size.is_none_or(|size| size == attributes.size);
        if keeps_size && mode.is_none() && user.is_none() && group.is_none() {
            reply.attr(&LIFETIME, &attributes);
        } else {
            reply.error(Errno::EPERM);
        }
    }

    /// Reads and writes pass the kernel's cache by, so that all readers see the same data, also those that others write to the
    /// logical unit.
    fn open(&self, _request: &Request, inode: INodeNo, flags: OpenFlags, reply: ReplyOpen) {
        match inode {
            FILE if self.is_read_only && flags.acc_mode() != OpenAccMode::O_RDONLY => {
                reply.error(Errno::EROFS);
            }
            FILE => {
                let direct = FopenFlags::FOPEN_DIRECT_IO | FopenFlags::FOPEN_PARALLEL_DIRECT_WRITES;
                reply.opened(FileHandle(0), direct);
            }
            _ => reply.error(Errno::EISDIR),
        }
    }

    fn read(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        length: u32,
        _flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyData,
    ) {
        let length = length.min(LONGEST_TRANSFER);
        self.requests.carry_out(
            length.into(),
            |unit| async move { unit.read(offset, length).await },
            |outcome| match outcome {
                Ok(data) => reply.data(&data),
                Err(errno) => reply.error(errno),
            },
        );
    }

    fn write(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        data: &[u8],
        _write_flags: WriteFlags,
        flags: OpenFlags,
        _lock_owner: Option<LockOwner>,
        reply: ReplyWrite,
    ) {
        let is_synchronous = flags.0 & SYNCHRONOUS != 0;
        self.requests.carry_out(
            data.len() as u64,
            |unit| {
                let data = Bytes::copy_from_slice(data);
                async move { unit.write(offset, data, is_synchronous).await }
            },
            |outcome| match outcome {
                Ok(written) => reply.written(written),
                Err(errno) => reply.error(errno),
            },
        );
    }

    /// close(2) waits for nothing: every write was answered by the target, and only fsync(2) makes it stable.
    fn flush(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        _lock_owner: LockOwner,
        reply: ReplyEmpty,
    ) {
        reply.ok();
    }

    fn fsync(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        _data_only: bool,
        reply: ReplyEmpty,
    ) {
        self.requests.carry_out(0, |unit| async move { unit.synchronize().await }, empty(reply));
    }

    fn fallocate(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        length: u64,
        mode: i32,
        reply: ReplyEmpty,
    ) {
        self.requests.carry_out(
            0,
            |unit| async move { unit.allocate(offset, length, mode).await },
            empty(reply),
        );
    }

    fn lseek(
        &self,
        _request: &Request,
        _inode: INodeNo,
        _handle: FileHandle,
        offset: i64,
        whence: i32,
        reply: ReplyLseek,
    ) {
        let sought = match whence {
            SEEK_DATA => Sought::Data,
            SEEK_HOLE => Sought::Hole,
            _ => return reply.error(Errno::EINVAL),
        };
        self.requests.carry_out(
            0,
            |unit| async move { unit.seek(offset, sought).await },
            |outcome| match outcome {
                Ok(offset) => reply.offset(offset),
                Err(errno) => reply.error(errno),
            },
        );
    }

    fn readdir(
        &self,
        _request: &Request,
        inode: INodeNo,
        _handle: FileHandle,
        offset: u64,
        mut reply: ReplyDirectory,
    ) {
        if inode != INodeNo::ROOT {
            return reply.error(Errno::ENOTDIR);
        }
        let entries = [
            (INodeNo::ROOT, FileType::Directory, "."),
            (INodeNo::ROOT, FileType::Directory, ".."),
            (FILE, FileType::RegularFile, self.file_name.as_str()),
        ];
        for ((inode, kind, name), next) in entries.into_iter().zip(1..).filter(|(_, next)| *next > offset) {
            if reply.add(inode, next, kind, name) {
                break;
            }
        }
        reply.ok();
    }

    /// The directory stays as it is. Without an answer of its own, the kernel would say that the function is missing.
    fn create(
        &self,
        _request: &Request,
        _parent: INodeNo,
        _name: &OsStr,
        _mode: u32,
        _umask: u32,
        _flags: i32,
        reply: ReplyCreate,
    ) {
        reply.error(Errno::EPERM);
    }

    fn unlink(&self, _request: &Request, _parent: INodeNo, _name: &OsStr, reply: ReplyEmpty) {
        reply.error(Errno::EPERM);
    }

    fn statfs(&self, _request: &Request, _inode: INodeNo, reply: ReplyStatfs) {
        let blocks = self.requests.unit().size().div_ceil(COUNTED.into());
        reply.statfs(blocks, 0, 0, 1, 0, COUNTED, 255, COUNTED);
    }
}
