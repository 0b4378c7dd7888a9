package io.coppice.schemas.keys;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Path;
import java.security.GeneralSecurityException;
import java.security.KeyPair;
import java.security.KeyStore;
import java.security.PrivateKey;
import java.security.UnrecoverableKeyException;
import java.security.cert.Certificate;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.List;
import java.util.Optional;

/**
 * A key pair in PKCS#12 (RFC 7292): an encrypted store, whose entries have names.
 *
 * @param path for messages
 * @param password of store and key, which in this format are the same
 * @param alias of the entry; empty where there is only one
 */
record Pkcs12File(Path path, Optional<String> password, Optional<String> alias) {

  KeyPair read(byte[] content) {
    if (password.isEmpty()) {
      throw new KeyFileException(
          path + " is a PKCS#12 file (or another one in binary), for which a password is needed.");
    }
    char[] secret = password.get().toCharArray();
    try {
      KeyStore store = KeyStore.getInstance("PKCS12");
      store.load(new ByteArrayInputStream(content), secret);
      String entry = entry(store);
      if (!(store.getKey(entry, secret) instanceof PrivateKey key)) {
        throw new KeyFileException(path + " holds no private key under " + entry + ".");
      }
      KeyPair pair = Ed25519Keys.pair(path.toString(), key);
      Certificate certificate = store.getCertificate(entry);
      if (certificate != null) {
        Ed25519Keys.checkFits(path.toString(), pair, certificate.getPublicKey());
      }
      return pair;
    } catch (UnrecoverableKeyException e) {
      throw wrongPassword(e);
    } catch (IOException e) {
      if (e.getCause() instanceof UnrecoverableKeyException) {
        throw wrongPassword(e);
      }
      throw new KeyFileException(path + " is neither PEM nor a readable PKCS#12 file.", e);
    } catch (GeneralSecurityException e) {
      throw new KeyFileException(path + " cannot be read: " + e.getMessage() + ".", e);
    } finally {
      Arrays.fill(secret, '\0');
    }
  }

  private KeyFileException wrongPassword(Exception cause) {
    return new KeyFileException("The password of " + path + " is another one.", cause);
  }

  private String entry(KeyStore store) throws GeneralSecurityException {
    List<String> keys = new ArrayList<>();
    for (String name : Collections.list(store.aliases())) {
      if (store.isKeyEntry(name)) {
        keys.add(name);
      }
    }
    keys.sort(null);
    if (keys.isEmpty()) {
      throw new KeyFileException(path + " holds no private key.");
    }
    if (alias.isPresent()) {
      // Names of entries are compared as keytool does, whatever their case.
      return keys.stream()
          .filter(name -> name.equalsIgnoreCase(alias.get()))
          .findFirst()
          .orElseThrow(
              () ->
                  new KeyFileException(
                      String.format(
                          "%s holds no key %s; there is %s.",
                          path, alias.get(), String.join(", ", keys))));
    }
    if (keys.size() > 1) {
      throw new KeyFileException(
          String.format(
              "%s holds %d keys (%s): say which one by its alias.",
              path, keys.size(), String.join(", ", keys)));
    }
    return keys.getFirst();
  }
}
