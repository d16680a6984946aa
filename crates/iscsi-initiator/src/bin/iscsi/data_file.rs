//! The local end of `iscsi read` and `iscsi write`.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::AsFd;
use std::os::unix::fs::FileTypeExt;
use std::path::Path;

use crate::data_thread::blocking;
use crate::failure::Failure;
use crate::secret_source::DASH;

pub(crate) const STANDARD_INPUT: &str = "standard input";
pub(crate) const STANDARD_OUTPUT: &str = "standard output";

/// What to call a file, or what `-` stands for, in a message.
pub(crate) fn name(path: &Path, stream: &str) -> String {
    if path == DASH { stream.to_owned() } else { path.display().to_string() }
}

/// Opens what is to be written: an empty file, or with `-` standard output.
pub(crate) fn create(path: &Path) -> Result<File, Failure> {
    if path == DASH {
        let output = io::stdout().as_fd().try_clone_to_owned();
        return output.map(File::from).map_err(Failure::local(format!("use {STANDARD_OUTPUT}")));
    }
    File::create(path).map_err(Failure::file("create", path))
}

/// Opens what is to be read: a file, or with `-` standard input.
pub(crate) fn open(path: &Path) -> Result<File, Failure> {
    if path == DASH {
        let input = io::stdin().as_fd().try_clone_to_owned();
        return input.map(File::from).map_err(Failure::local(format!("use {STANDARD_INPUT}")));
    }
    File::open(path).map_err(Failure::file("open", path))
}

/// A file whose length is known, at its beginning.
pub(crate) struct Measured {
    pub(crate) file: File,
    /// In bytes.
    pub(crate) length: u64,
}

/// Finds out how much there is to write. What cannot tell, such as a pipe, is first copied into a file without a
/// name, up to one byte more than `limit`: so nothing reaches the target before it is clear that all of it fits.
pub(crate) async fn measure(path: &Path, mut file: File, limit: u64) -> Result<Measured, Failure> {
    let kind = file.metadata().map_err(Failure::file("examine", path))?.file_type();
    if path != DASH && (kind.is_file() || kind.is_block_device()) {
        let length = file.seek(SeekFrom::End(0)).and_then(|length| file.rewind().map(|()| length));
        return Ok(Measured { length: length.map_err(Failure::file("measure", path))?, file });
    }
    let spooled = blocking(move || spool(file, limit.saturating_add(1)));
    spooled.await.map_err(Failure::local(format!("set aside what comes from {}", name(path, STANDARD_INPUT))))
}

fn spool(file: File, limit: u64) -> io::Result<Measured> {
    let mut spooled = tempfile::tempfile()?;
    let length = io::copy(&mut file.take(limit), &mut spooled)?;
    spooled.rewind()?;
    Ok(Measured { file: spooled, length })
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;

    #[tokio::test]
    async fn regular_files_are_measured_and_pipes_are_set_aside() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("data");
        std::fs::write(&path, [7; 5000]).unwrap();
        let measured = measure(&path, open(&path).unwrap(), 10).await.ok().unwrap();
        assert_eq!(measured.length, 5000);

        for (sent, limit, length) in [(5000, 10_000, 5000), (5000, 5000, 5000), (5000, 4000, 4001)] {
            let (pipe, mut writer) = io::pipe().unwrap();
            writer.write_all(&vec![7; sent]).unwrap();
            drop(writer);
            let pipe = File::from(std::os::fd::OwnedFd::from(pipe));
            let measured = measure(Path::new(DASH), pipe, limit).await.ok().unwrap();
            assert_eq!(measured.length, length);
            let mut content = Vec::new();
            (&measured.file).read_to_end(&mut content).unwrap();
            assert_eq!(content.len() as u64, length);
        }
    }
}
