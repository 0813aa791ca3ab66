// Names of files and folders, and lists: what is understood is written as it was read.
import Archive
import FuzzRun

enum NameRun {
    private static let words = [
        "1276528487", ".M1", ".host", ",", ",S=", ",W=", "12", ":2,", ":1,", ";2,", "!2,", ":", "S", "FST", "abz", "X", ".", "..",
        "/",
        "&", "&-", "-", "&AOk-", "&AOk", "AOk", "2D3e", "\u{E9}", "\u{1F600}", "cur", "new", "\0", "\t", "\n", " ", "%", "%41",
        "%0",
        "3 V5 N7 Gx\n", "1 5 7\n", "\n8 :", "\n9 W3 Pu :", "\n10 ",
        "4294967295",
    ].map { Array($0.utf8) }

    /// - Returns: the octets that were looked at.
    static func play(_ random: inout SplitMix) -> Int {
        var octets: [UInt8] = []
        for _ in 0..<random.below(14) { octets += random.chance(5) ? random.octets(1) : random.pick(words) }
        if let name = MaildirFileName(octets) {
            precondition(MaildirFileName(name.octets) == name && name.octets.starts(with: name.withoutFlags), "another name")
        }
        if let text = try? ModifiedUTF7.decode(octets) { precondition(ModifiedUTF7.encode(text) == octets, "another form") }
        let text = String(decoding: octets, as: UTF8.self)
        precondition((try? ModifiedUTF7.decode(ModifiedUTF7.encode(text)))?.utf8.elementsEqual(text.utf8) == true, "another text")
        folders(octets)
        lists(octets)
        return octets.count
    }

    private static func folders(_ octets: [UInt8]) {
        for layout in [MaildirFolders.Layout.maildirPlusPlus, .fileSystem] {
            for encoding in [MaildirFolders.Encoding.modifiedUTF7, .utf8] {
                let folders = MaildirFolders(layout: layout, encoding: encoding)
                guard let path = try? folders.path(of: octets) else { continue }
                precondition((try? folders.directory(of: path)) == octets, "another directory")
            }
            if MaildirEntry.classify(octets, isDirectory: true, layout: layout) == .folder { precondition(!octets.isEmpty) }
        }
    }

    private static func lists(_ octets: [UInt8]) {
        if let list = try? UIDList(file: octets) {
            precondition(list.uidValidity > 0 && list.nextUID > 0 && list.count <= octets.count / 2, "a list of nothing")
        }
        let table = MaildirKeywords(file: octets)
        precondition(table.names.count <= 26 && MaildirKeywords(file: table.file) == table, "another table")
    }
}
