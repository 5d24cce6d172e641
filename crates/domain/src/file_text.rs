//! What is in a file, however the program that wrote it encodes text.

/// The mark with which some programs begin a file of text.
const MARK: char = '\u{feff}';

/// The text in a file, without a mark before it: UTF-8, or UTF-16 in either order, with a mark or
/// known by its zeros. None if it is neither.
pub fn file_text(bytes: &[u8]) -> Option<String> {
    let text = match bytes {
        [0xff, 0xfe, rest @ ..] => utf16(rest, u16::from_le_bytes),
        [0xfe, 0xff, rest @ ..] => utf16(rest, u16::from_be_bytes),
        _ if !bytes.contains(&0) => str::from_utf8(bytes).ok().map(str::to_owned),
        _ => {
            let zeros = |odd| bytes.iter().skip(odd).step_by(2).filter(|byte| **byte == 0).count();
            match zeros(0) < zeros(1) {
                true => utf16(bytes, u16::from_le_bytes),
                false => utf16(bytes, u16::from_be_bytes),
            }
        }
    };
    text.map(|text| text.trim_start_matches(MARK).to_owned()).filter(|text| !text.contains('\0'))
}

fn utf16(bytes: &[u8], read: fn([u8; 2]) -> u16) -> Option<String> {
    let (pairs, rest) = bytes.as_chunks::<2>();
    let units: Vec<u16> = pairs.iter().map(|pair| read(*pair)).collect();
    if rest.is_empty() { String::from_utf16(&units).ok() } else { None }
}

/// A secret as it is meant: without the mark before it that some programs write into files and
/// clipboards, and without line ends behind it.
pub fn bare(secret: &str) -> &str {
    secret.trim_start_matches(MARK).trim_end_matches(['\r', '\n'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_however_it_is_encoded() {
        let text = "email;name\r\nnora@google.example;N\u{f6}ra \u{1f600}\r\n";
        let little: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
        let big: Vec<u8> = text.encode_utf16().flat_map(u16::to_be_bytes).collect();
        for (name, bytes) in [
            ("UTF-8", text.as_bytes().to_vec()),
            ("UTF-8 with a mark", [b"\xef\xbb\xbf", text.as_bytes()].concat()),
            ("UTF-16LE", little.clone()),
            ("UTF-16LE with a mark", [&b"\xff\xfe"[..], &little].concat()),
            ("UTF-16BE", big.clone()),
            ("UTF-16BE with a mark", [&b"\xfe\xff"[..], &big].concat()),
        ] {
            assert_eq!(file_text(&bytes).as_deref(), Some(text), "{name}");
        }
        assert_eq!(file_text(b"").as_deref(), Some(""));
        for bad in [&b"N\xf6ra"[..], b"\xff\xfea", b"a\0b", b"\xff\xfe\0\xd8", b"\0\0\0\0"] {
            assert_eq!(file_text(bad), None, "{bad:?}");
        }
    }

    #[test]
    fn a_secret_has_no_mark_and_no_line_end() {
        assert_eq!(bare("\u{feff}s3cret\r\n"), "s3cret");
        assert_eq!(bare(" s3\u{feff}cret "), " s3\u{feff}cret ");
    }
}
