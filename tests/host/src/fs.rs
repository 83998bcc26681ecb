//! The file system's handles: the kernel's `shared.rs` knows their names.

pub mod buffer {
    #[derive(Clone)]
    pub struct BufferRef;
}

pub mod file_table {
    #[derive(Clone)]
    pub struct FileRef;
}

pub mod inode {
    #[derive(Clone)]
    pub struct InodeRef;
}
