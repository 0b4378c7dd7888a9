package io.coppice.schemas;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.ByteBuffer;
import java.security.KeyPair;
import java.util.List;
import org.junit.jupiter.api.Test;

class SignaturesTest {

  private final KeyPair keys = Signatures.newKeyPair();

  @Test
  void aSignatureHoldsForItsKeyAndItsContentOnly() {
    UpdateSubmitted submission = submission();
    submission.setSignature(Signatures.sign(submission, keys.getPrivate()));

    assertThat(submission.getSignature().remaining()).isEqualTo(64);
    assertThat(Signatures.isSignedBy(submission, keys.getPublic())).isTrue();
    assertThat(Signatures.isSignedBy(submission, Signatures.newKeyPair().getPublic())).isFalse();

    submission.setWeight(submission.getWeight() + 1);
    assertThat(Signatures.isSignedBy(submission, keys.getPublic())).isFalse();
  }

  @Test
  void bytesThatAreNoSignatureAreNotOne() {
    UpdateSubmitted submission = submission();
    for (int length : new int[] {0, 63, 64, 65}) {
      submission.setSignature(ByteBuffer.allocate(length));
      assertThat(Signatures.isSignedBy(submission, keys.getPublic())).as("%d", length).isFalse();
    }
  }

  @Test
  void aPublicKeySurvivesItsEncoding() {
    ByteBuffer der = Signatures.encode(keys.getPublic());
    assertThat(Signatures.publicKey(der)).isEqualTo(keys.getPublic());
    assertThat(der.position()).isZero();
  }

  @Test
  void bytesThatAreNoPublicKeyAreRefused() {
    assertThatThrownBy(() -> Signatures.publicKey(ByteBuffer.allocate(44)))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("not an Ed25519 key");
  }

  private static UpdateSubmitted submission() {
    return new UpdateSubmitted(
        "run",
        3,
        "agent",
        1,
        100L,
        0.5,
        1.25,
        8L,
        List.of(new ShardDigest(ShardKind.DELTA, 0, 2, ByteBuffer.allocate(32))),
        null,
        null,
        ByteBuffer.allocate(0));
  }
}
