//! As much JSON as the adapter protocol needs: one value from one line, and text with its escapes.

use std::collections::BTreeMap;
use std::fmt::Write;

#[derive(Clone, Debug, PartialEq)]
pub enum Json {
    Null,
    Bool(bool),
    Number(f64),
    Text(String),
    List(Vec<Json>),
    Object(BTreeMap<String, Json>),
}

impl Json {
    pub fn parse(text: &str) -> Result<Json, String> {
        let mut reader = Reader { bytes: text.as_bytes(), at: 0 };
        let value = reader.value()?;
        reader.space();
        if reader.at < reader.bytes.len() {
            return Err(format!("expected the end of the line at byte {}", reader.at));
        }
        Ok(value)
    }

    /// The value under a key; null if there is none, or if this is no object.
    pub fn get(&self, key: &str) -> &Json {
        match self {
            Json::Object(map) => map.get(key).unwrap_or(&Json::Null),
            _ => &Json::Null,
        }
    }

    pub fn text(&self) -> Option<&str> {
        match self {
            Json::Text(text) => Some(text),
            _ => None,
        }
    }

    /// Whole numbers up to 2^53 are exact in the protocol.
    pub fn whole(&self) -> Option<u64> {
        match self {
            Json::Number(number) if *number >= 0.0 && number.fract() == 0.0 => Some(*number as u64),
            _ => None,
        }
    }

    pub fn list(&self) -> &[Json] {
        match self {
            Json::List(list) => list,
            _ => &[],
        }
    }

    pub fn entries(&self) -> impl Iterator<Item = (&String, &Json)> {
        match self {
            Json::Object(map) => Some(map.iter()),
            _ => None,
        }
        .into_iter()
        .flatten()
    }
}

/// A JSON string.
pub fn quoted(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' => out.push_str("\\\""),
            '\\' => out.push_str("\\\\"),
            c if c < ' ' => write!(out, "\\u{:04x}", c as u32).expect("a string takes everything"),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

pub fn quoted_list<'a>(texts: impl IntoIterator<Item = &'a String>) -> String {
    let inside: Vec<String> = texts.into_iter().map(|text| quoted(text)).collect();
    format!("[{}]", inside.join(","))
}

struct Reader<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Reader<'_> {
    fn space(&mut self) {
        while matches!(self.bytes.get(self.at), Some(b' ' | b'\t' | b'\r' | b'\n')) {
            self.at += 1;
        }
    }

    fn next(&mut self) -> Result<u8, String> {
        let byte = *self.bytes.get(self.at).ok_or("the line ends too early")?;
        self.at += 1;
        Ok(byte)
    }

    fn eat(&mut self, word: &str, value: Json) -> Result<Json, String> {
        if !self.bytes[self.at..].starts_with(word.as_bytes()) {
            return Err(format!("expected {word} at byte {}", self.at));
        }
        self.at += word.len();
        Ok(value)
    }

    fn value(&mut self) -> Result<Json, String> {
        self.space();
        match self.bytes.get(self.at).ok_or("the line ends too early")? {
            b'n' => self.eat("null", Json::Null),
            b't' => self.eat("true", Json::Bool(true)),
            b'f' => self.eat("false", Json::Bool(false)),
            b'"' => self.string().map(Json::Text),
            b'[' => self.sequence(b']', |reader, list: &mut Vec<Json>| {
                list.push(reader.value()?);
                Ok(())
            })
            .map(Json::List),
            b'{' => self.sequence(b'}', |reader, map: &mut BTreeMap<String, Json>| {
                reader.space();
                let key = reader.string()?;
                reader.space();
                if reader.next()? != b':' {
                    return Err(format!("expected a colon at byte {}", reader.at - 1));
                }
                map.insert(key, reader.value()?);
                Ok(())
            })
            .map(Json::Object),
            _ => self.number(),
        }
    }

    fn sequence<T: Default>(
        &mut self,
        end: u8,
        mut item: impl FnMut(&mut Self, &mut T) -> Result<(), String>,
    ) -> Result<T, String> {
        let mut found = T::default();
        self.at += 1;
        self.space();
        if self.bytes.get(self.at) == Some(&end) {
            self.at += 1;
            return Ok(found);
        }
        loop {
            item(self, &mut found)?;
            self.space();
            match self.next()? {
                b',' => {}
                byte if byte == end => return Ok(found),
                _ => return Err(format!("expected a comma at byte {}", self.at - 1)),
            }
        }
    }

    fn number(&mut self) -> Result<Json, String> {
        let start = self.at;
        while matches!(self.bytes.get(self.at), Some(b'0'..=b'9' | b'-' | b'+' | b'.' | b'e' | b'E')) {
            self.at += 1;
        }
        let text = std::str::from_utf8(&self.bytes[start..self.at]).expect("these are ASCII");
        text.parse().map(Json::Number).map_err(|_| format!("expected a value at byte {start}"))
    }

    fn string(&mut self) -> Result<String, String> {
        if self.next()? != b'"' {
            return Err(format!("expected a string at byte {}", self.at - 1));
        }
        let mut out = Vec::new();
        loop {
            match self.next()? {
                b'"' => return String::from_utf8(out).map_err(|error| error.to_string()),
                b'\\' => {
                    let c = match self.next()? {
                        b'n' => '\n',
                        b't' => '\t',
                        b'r' => '\r',
                        b'b' => '\u{8}',
                        b'f' => '\u{c}',
                        b'u' => self.unicode()?,
                        byte => char::from(byte),
                    };
                    out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                }
                byte => out.push(byte),
            }
        }
    }

    fn unicode(&mut self) -> Result<char, String> {
        let high = self.hex()?;
        let code = if (0xd800..0xdc00).contains(&high) && self.bytes[self.at..].starts_with(b"\\u") {
            self.at += 2;
            0x10000 + ((high - 0xd800) << 10) + (self.hex()?.wrapping_sub(0xdc00) & 0x3ff)
        } else {
            high
        };
        Ok(char::from_u32(code).unwrap_or(char::REPLACEMENT_CHARACTER))
    }

    fn hex(&mut self) -> Result<u32, String> {
        let digits = self.bytes.get(self.at..self.at + 4).ok_or("the line ends too early")?;
        self.at += 4;
        let text = std::str::from_utf8(digits).map_err(|error| error.to_string())?;
        u32::from_str_radix(text, 16).map_err(|error| error.to_string())
    }
}
