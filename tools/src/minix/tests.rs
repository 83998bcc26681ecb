//! The writer against two judges: the reader here, and `fsck.minix`.

use proptest::prelude::*;

use super::writer::zones_for;
use super::*;
use crate::util::fsck;

const ROOT_OWNED: Owner = Owner {
    mode: 0o644,
    uid: 0,
    gid: 0,
};

fn options(blocks: Option<usize>) -> Options {
    Options {
        blocks,
        free: 50,
        inodes: None,
        mtime: 692_150_400,
    }
}

fn file(size: usize, seed: u8) -> Vec<u8> {
    (0..size)
        .map(|at| (at / BLOCK) as u8 ^ (at as u8).wrapping_mul(31) ^ seed)
        .collect()
}

/// fsck.minix wants a file.
fn clean(image: &[u8]) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("image");
    std::fs::write(&path, image).unwrap();
    fsck(&path).unwrap();
}

/// Builds a tree with one file of each size and reads it back.
fn round_trip(sizes: &[usize]) {
    let mut tree = Tree::default();
    tree.insert("/sub", ROOT_OWNED, Node::Dir).unwrap();
    for (nr, size) in sizes.iter().enumerate() {
        let node = Node::File(file(*size, nr as u8));
        tree.insert(&format!("/sub/f{nr}"), ROOT_OWNED, node)
            .unwrap();
    }
    let image = tree.image(options(None)).unwrap();
    clean(&image);
    let reader = Reader::new(&image).unwrap();
    for (nr, size) in sizes.iter().enumerate() {
        let inode = reader.find(&format!("/sub/f{nr}")).unwrap();
        assert_eq!(inode.size as usize, *size);
        assert!(reader.contents(&inode).unwrap() == file(*size, nr as u8));
    }
}

#[test]
fn every_limit_of_indirection() {
    let direct = DIRECT * BLOCK;
    let single = (DIRECT + ZONES) * BLOCK;
    let row = (DIRECT + 2 * ZONES) * BLOCK;
    round_trip(&[0, 1, BLOCK - 1, BLOCK, BLOCK + 1]);
    round_trip(&[direct - 1, direct, direct + 1]);
    round_trip(&[single - 1, single, single + 1, row, row + 1]);
}

#[test]
fn a_file_that_fills_many_double_indirect_rows() {
    round_trip(&[20 << 20]);
}

#[test]
fn zone_counts() {
    assert_eq!(zones_for(0), 0);
    assert_eq!(zones_for(7 * BLOCK), 7);
    assert_eq!(zones_for(8 * BLOCK), 9);
    assert_eq!(zones_for((7 + 512) * BLOCK), 7 + 512 + 1);
    assert_eq!(zones_for((7 + 512 + 1) * BLOCK), 7 + 512 + 1 + 1 + 2);
}

#[test]
fn kinds_links_and_owners() {
    let mut tree = Tree::default();
    let owner = |mode, uid, gid| Owner { mode, uid, gid };
    tree.insert("/tmp", owner(0o1777, 0, 0), Node::Dir).unwrap();
    tree.insert("/tmp/deep", owner(0o700, 5, 6), Node::Dir)
        .unwrap();
    tree.insert("/a", owner(0o4755, 65535, 255), Node::File(b"text".into()))
        .unwrap();
    tree.link("/tmp/b", "/a").unwrap();
    tree.link("/tmp/c", "/tmp/b").unwrap();
    tree.insert("/tty0", owner(0o620, 0, 0), Node::Device(S_IFCHR, 4, 1))
        .unwrap();
    tree.insert("/s", owner(0o777, 0, 0), Node::Symlink(b"../a".into()))
        .unwrap();
    tree.insert("/p", owner(0o600, 0, 0), Node::Fifo).unwrap();
    let image = tree.image(options(None)).unwrap();
    clean(&image);

    let reader = Reader::new(&image).unwrap();
    let a = reader.find("/a").unwrap();
    assert_eq!((a.mode, a.uid, a.gid, a.links), (0o104755, 65535, 255, 3));
    assert_eq!(a.mtime, 692_150_400);
    assert_eq!(reader.find("/tmp/c").unwrap(), a);
    assert_eq!(reader.find("/").unwrap().links, 3);
    assert_eq!(reader.find("/tmp").unwrap().links, 3);
    assert_eq!(reader.find("/tmp/deep").unwrap().mode, 0o40700);
    assert_eq!(reader.find("/tty0").unwrap().device(), Some((4, 1)));
    let link = reader.find("/s").unwrap();
    assert_eq!(reader.contents(&link).unwrap(), b"../a");
    let paths: Vec<_> = reader.walk("/").unwrap().into_iter().map(|p| p.0).collect();
    let expected = "/ /a /p /s /tmp /tmp/b /tmp/c /tmp/deep /tty0";
    assert_eq!(paths.join(" "), expected);
}

#[test]
fn a_directory_of_many_blocks() {
    let mut tree = Tree::default();
    for nr in 0..600 {
        let node = Node::File(vec![nr as u8]);
        tree.insert(&format!("/file{nr}"), ROOT_OWNED, node)
            .unwrap();
    }
    let image = tree.image(options(None)).unwrap();
    clean(&image);
    let reader = Reader::new(&image).unwrap();
    assert_eq!(reader.walk("/").unwrap().len(), 601);
}

#[test]
fn sizes_that_were_asked_for() {
    let mut tree = Tree::default();
    tree.insert("/f", ROOT_OWNED, Node::File(file(5000, 1)))
        .unwrap();
    for blocks in [64, 1440, 8191, 8192, 8193, 65535] {
        let image = tree.image(options(Some(blocks))).unwrap();
        assert_eq!(image.len(), blocks * BLOCK);
        clean(&image);
    }
    assert!(tree.image(options(Some(10))).is_err());
    assert!(tree.image(options(Some(65536))).is_err());
    let few = Options {
        inodes: Some(0),
        ..options(None)
    };
    assert!(tree.image(few).is_err());
}

#[test]
fn wrong_paths_are_refused() {
    let mut tree = Tree::default();
    let file = || Node::File(Vec::new());
    for path in ["a", "/a/", "//a", "/no/a", "/fifteen-letters", "/.", "/.."] {
        assert!(tree.insert(path, ROOT_OWNED, file()).is_err(), "{path}");
    }
    tree.insert("/fourteen-bytes", ROOT_OWNED, file()).unwrap();
    assert!(
        tree.insert("/fourteen-bytes", ROOT_OWNED, Node::Dir)
            .is_err()
    );
    assert!(tree.link("/x", "/missing").is_err());
    assert!(tree.link("/x", "/").is_err());
    // The same kind replaces.
    tree.insert("/fourteen-bytes", ROOT_OWNED, Node::File(b"new".into()))
        .unwrap();
}

#[test]
fn a_damaged_image_is_an_error() {
    assert!(Reader::new(&[0; 4096]).is_err());
    let mut image = Tree::default().image(options(None)).unwrap();
    assert!(Reader::new(&image[..3000]).is_err());
    // The root's first zone out of range.
    let at = 4 * BLOCK + 14;
    image[at..at + 2].copy_from_slice(&60000u16.to_le_bytes());
    assert!(Reader::new(&image).unwrap().walk("/").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_tree_is_clean_and_reads_back(
        sizes in prop::collection::vec(
            prop_oneof![
                0..20 * BLOCK,
                (DIRECT - 1) * BLOCK..(DIRECT + 2) * BLOCK,
                (DIRECT + ZONES - 1) * BLOCK..(DIRECT + ZONES + 2) * BLOCK,
                (DIRECT + 2 * ZONES - 1) * BLOCK..(DIRECT + 2 * ZONES + 2) * BLOCK,
            ],
            1..8,
        )
    ) {
        round_trip(&sizes);
    }
}

#[test]
fn fsck_sees_what_is_wrong() {
    let mut tree = Tree::default();
    tree.insert("/f", ROOT_OWNED, Node::File(file(3000, 1)))
        .unwrap();
    let good = tree.image(options(None)).unwrap();
    // A link count, a bit in the zone map, a directory's entry.
    for at in [4 * BLOCK + INODE + 13, 3 * BLOCK + 1, 5 * BLOCK] {
        let mut bad = good.clone();
        bad[at] ^= 2;
        assert!(std::panic::catch_unwind(|| clean(&bad)).is_err(), "{at}");
    }
}
