// Passwords that must be had again (APOP alone): sealed by AES-GCM with a key that lies beside the index, not in it. Who has
// a copy of the index has no passwords; who has the whole directory of the store has them.

import Crypto
import Glibc
import Mail
import Synchronization

package final class PasswordVault: Sendable {
    private static let length = 32

    private let folder: String
    private let key: Mutex<SymmetricKey?>

    private var path: String { "\(folder)/passwords.key" }

    /// - Parameter folder: the store's own. Without a key there, one is made when the first password is sealed.
    package init(_ folder: String) throws(StoreFault) {
        self.folder = folder
        key = Mutex(try Self.read("\(folder)/passwords.key"))
    }

    /// What is sealed is never empty, and another one each time.
    func seal(_ password: Secret) throws(StoreFault) -> Secret {
        let key = try self.key.withLock { key -> Result<SymmetricKey, StoreFault> in
            if let key { return .success(key) }
            do throws(StoreFault) {
                let new = try make()
                key = new
                return .success(new)
            } catch { return .failure(error) }
        }.get()
        guard let box = try? AES.GCM.seal(password.bytes, using: key).combined else {
            throw StoreFault("the password cannot be sealed")
        }
        return Secret(Array(box))
    }

    /// nil: sealed with another key, or changed since.
    func open(_ sealed: Secret) -> Secret? {
        guard let key = key.withLock({ $0 }), let box = try? AES.GCM.SealedBox(combined: sealed.bytes),
            let octets = try? AES.GCM.open(box, using: key)
        else { return nil }
        return Secret(Array(octets))
    }

    private static func read(_ path: String) throws(StoreFault) -> SymmetricKey? {
        let octets: [UInt8]
        do throws(DiskError) { octets = try OpenFile(path, flags: O_RDONLY).bytes(from: 0, length + 1) } catch {
            if error.number == ENOENT { return nil }
            throw StoreFault("\(error)")
        }
        guard octets.count == length else {
            throw StoreFault("\(path) is no key of \(length) octets: bring the right one back, or move it away")
        }
        return SymmetricKey(data: octets)
    }

    /// Durable under its name before the first password is sealed with it: half a key would lock them all up.
    private func make() throws(StoreFault) -> SymmetricKey {
        let new = SymmetricKey(size: .bits256)
        do throws(DiskError) {
            let file = try OpenFile(path + ".new", flags: O_WRONLY | O_CREAT | O_TRUNC)
            guard new.withUnsafeBytes({ write(file.descriptor, $0.baseAddress, $0.count) }) == Self.length else {
                throw DiskError("write", file.path)
            }
            try file.sync()
            guard rename(path + ".new", path) == 0 else { throw DiskError("rename", path) }
            try Folder.sync(folder)
        } catch { throw StoreFault("\(error)") }
        return new
    }
}
